"""The people who run the shop: users, login, sessions, two-factor codes, audit log."""
