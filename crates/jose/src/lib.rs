//! Signed tokens: JWS (RFC 7515), keys (RFC 7517), JWT (RFC 7519) and its best practice (RFC 8725). Useful alone: knows no
//! request, no clock and no network.
#![forbid(unsafe_code)]
