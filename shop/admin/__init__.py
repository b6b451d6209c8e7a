"""The merchant's pages: HTTP only. Rules live in the rooms."""
