"""Users of the admin: login, sessions, two-factor codes, roles, audit log."""
