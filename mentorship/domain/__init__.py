"""Rules of the product, computed without a database, a web framework or a clock."""
