"""Images of products: paths, processing, uploads, serving."""
