"""OCPI as values: versions, envelope, headers, pages, forms. No ORM, no clock, no I/O."""
