"""What the tests share: databases, builders, servers, browsers."""
