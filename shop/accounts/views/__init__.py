"""The pages of login, the user's own account and the staff."""
