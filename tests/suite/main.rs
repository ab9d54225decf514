//! The promise, end to end: the real program between clients and services of the test's own. A module for each subject,
//! a test for each sentence of the promise; `pintle-testkit` says how to write one.
#![forbid(unsafe_code)]

mod body_limit;
mod check;
mod example;
mod explain;
mod failing;
mod four_ways;
mod guard;
mod headers;
mod http1_edge;
mod http2;
mod http2_floods;
mod http2_services;
mod operate;
mod proxy;
mod put_config;
mod redirect;
mod reload;
mod reload_files;
mod reload_load;
mod respond;
mod routing;
mod routing_example;
mod smuggling;
mod soak;
mod start_broken;
mod state;
mod streaming;
mod timeout;
mod tls;
mod tls_clients;
mod websocket;
