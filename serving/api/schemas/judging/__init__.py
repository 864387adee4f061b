"""What people say: of what the model answers, of what waits for them, and of what audits find."""
