"""The admin's pages about the storefront: set-up steps, look, home page, content pages."""
