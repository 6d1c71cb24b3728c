"""Sign-in by OpenID Connect: allauth's, with what it leaves out (PKCE where a provider takes it, nonce)."""
