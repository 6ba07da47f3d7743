"""A community of made-up members who use the site as anybody does: over HTTP, with wallets."""
