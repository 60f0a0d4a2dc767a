"""Sign-in by a customer's own provider (OpenID Connect)."""
