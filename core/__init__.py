"""The shared kernel: no business noun lives here, and it imports nothing of ours."""
