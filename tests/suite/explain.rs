//! `pintle explain`: what would become of a request, and why.

mod agrees;
