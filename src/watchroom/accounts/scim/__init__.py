"""SCIM 2.0 (RFC 7643, 7644): an identity provider adds, changes and deactivates people, and pushes its groups."""
