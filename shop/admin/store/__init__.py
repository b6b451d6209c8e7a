"""The admin's pages about the storefront: home page, content pages."""
