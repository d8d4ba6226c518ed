"""The machinery, one noun a file, in the order data flows; the map is tests/README.md. Nothing in here names an operation."""
