//! The promise, end to end: the real program between clients and services of the test's own. A module for each subject,
//! a test for each sentence of the promise; `pintle-testkit` says how to write one.
#![forbid(unsafe_code)]

mod body_limit;
mod check;
mod check_formats;
mod diff;
mod errors;
mod example;
mod explain;
mod failing;
mod fmt;
mod four_ways;
mod guard;
mod hash;
mod headers;
mod http1_edge;
mod http2;
mod http2_floods;
mod http2_services;
mod init;
mod levels;
mod maintenance;
mod manual;
mod operate;
mod proxy;
mod put_config;
mod redirect;
mod reload;
mod reload_load;
mod remote;
mod resolver;
mod respond;
mod rewrite_location;
mod routing;
mod routing_example;
mod schema;
mod semantics;
mod smuggling;
mod soak;
mod start_broken;
mod state;
mod streaming;
mod timeout;
mod tls;
mod tls_clients;
mod websocket;
