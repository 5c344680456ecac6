"""The enquiries service."""
