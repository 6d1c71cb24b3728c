"""Sign-in by SAML 2.0, as a service provider: https://docs.oasis-open.org/security/saml/v2.0/."""
