"""The pages a person sees: workspaces for sales, admin and finance, the cost-centre owner's, and signing in."""
