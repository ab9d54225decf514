//! One connection to a Redis, whatever its arrangement: how it is opened, and what is asked of it. Knows nothing of when
//! it is opened again.

use crate::url::{Host, Layout};
use crate::{StoreTls, StoreUrl};
use pintle_core::config::{ConfigPath, FILE_LIMIT, read_file};
use pintle_core::secret::Secret;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, Pipeline,
    ProtocolVersion, RedisConnectionInfo, RedisError, RedisFuture, RedisResult, TlsCertificates, TlsMode, Value,
};
use std::time::Duration;

/// How to connect: all that is known before.
pub(crate) struct Way {
    pub(crate) url: StoreUrl,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    /// With TLS, what to know the store by; none are the system's authorities.
    certificates: Option<TlsCertificates>,
    pub(crate) timeout: Duration,
}

/// A connection, which any number of calls may share.
#[derive(Clone)]
pub(crate) enum Link {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Way {
    /// Reads the files of TLS: not for a worker's thread.
    pub(crate) fn new(
        url: StoreUrl,
        username: Option<String>,
        password: Option<Secret>,
        tls: Option<&StoreTls>,
        timeout: Duration,
    ) -> Result<Self, String> {
        if url.tls {
            // The library takes the process' provider. That one was installed before is as good.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let read = |path: &ConfigPath| {
            read_file(path, FILE_LIMIT).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
        };
        let certificates = match tls {
            None => None,
            Some(tls) => {
                let own = match (&tls.cert, &tls.key) {
                    (Some(cert), Some(key)) => {
                        Some(ClientTlsConfig { client_cert: read(cert)?, client_key: read(key)? })
                    }
                    _ => None,
                };
                let root_cert = tls.ca.as_ref().map(read).transpose()?;
                Some(TlsCertificates { client_tls: own, root_cert })
            }
        };
        let way = Way { url, username, password, certificates, timeout };
        way.try_files()?;
        Ok(way)
    }

    /// Whether another one has the same password and certificates.
    pub(crate) fn is_same(&self, other: &Way) -> bool {
        let password = match (&self.password, &other.password) {
            (Some(own), Some(other)) => own.equals(other.expose_bytes()),
            (own, other) => own.is_none() && other.is_none(),
        };
        let bytes = |way: &Way| {
            let all = way.certificates.clone()?;
            Some((all.root_cert, all.client_tls.map(|own| (own.client_cert, own.client_key))))
        };
        password && bytes(self) == bytes(other)
    }

    /// What is no certificate or no key shows now, not at the first connection.
    fn try_files(&self) -> Result<(), String> {
        let Some(certificates) = &self.certificates else { return Ok(()) };
        let address = ConnectionAddr::TcpTls { host: "h".into(), port: 1, insecure: false, tls_params: None };
        let made = address.into_connection_info().and_then(|info| Client::build_with_tls(info, certificates.clone()));
        made.map(drop).map_err(|error| error.to_string())
    }

    fn address(&self, (host, port): &Host) -> ConnectionAddr {
        match self.url.tls {
            true => ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None },
            false => ConnectionAddr::Tcp(host.clone(), *port),
        }
    }

    fn info(&self, address: ConnectionAddr) -> RedisResult<ConnectionInfo> {
        let mut redis = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP3)
            .set_skip_set_lib_name()
            .set_db(self.url.database.into());
        if let Some(username) = &self.username {
            redis = redis.set_username(username);
        }
        if let Some(password) = self.password.as_ref().and_then(Secret::expose_text) {
            redis = redis.set_password(password);
        }
        let info = address.into_connection_info()?;
        Ok(info.set_tcp_settings(tcp()).set_redis_settings(redis))
    }

    /// Connects. What it takes is for its caller to bound; cancelled by dropping.
    pub(crate) async fn open(&self) -> RedisResult<Link> {
        // Each call has a time limit of ours, so the library's own are never what ends one.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout * 2));
        let address = match &self.url.layout {
            Layout::Single(host) => self.address(host),
            Layout::Unix(path) => ConnectionAddr::Unix(path.clone()),
            Layout::Cluster(hosts) => return self.cluster(hosts).await,
            Layout::Sentinel(hosts, master) => return self.sentinel(hosts, master, &config).await,
        };
        let info = self.info(address)?;
        let client = match (&self.certificates, self.url.tls) {
            (Some(certificates), true) => Client::build_with_tls(info, certificates.clone())?,
            _ => Client::open(info)?,
        };
        Ok(Link::One(client.get_multiplexed_async_connection_with_config(&config).await?))
    }

    async fn cluster(&self, hosts: &[Host]) -> RedisResult<Link> {
        let nodes: Vec<_> = hosts.iter().map(|host| self.info(self.address(host))).collect::<Result<_, _>>()?;
        let mut builder = ClusterClientBuilder::new(nodes)
            .use_protocol(ProtocolVersion::RESP3)
            .tcp_settings(tcp())
            .connection_timeout(self.timeout)
            .response_timeout(self.timeout * 2)
            .retries(2);
        if let Some(username) = &self.username {
            builder = builder.username(username);
        }
        if let Some(password) = self.password.as_ref().and_then(Secret::expose_text) {
            builder = builder.password(password);
        }
        if self.url.tls {
            builder = builder.tls(TlsMode::Secure);
        }
        if let Some(certificates) = &self.certificates {
            builder = builder.certs(certificates.clone());
        }
        Ok(Link::Cluster(builder.build()?.get_async_connection().await?))
    }

    /// Asks the sentinels anew who the master is.
    async fn sentinel(&self, hosts: &[Host], master: &str, config: &AsyncConnectionConfig) -> RedisResult<Link> {
        let sentinels = hosts.iter().map(|host| self.address(host));
        let mut builder = SentinelClientBuilder::new(sentinels, master, SentinelServerType::Master)?
            .set_client_to_redis_protocol(ProtocolVersion::RESP3)
            .set_client_to_redis_tcp_settings(tcp())
            .set_client_to_sentinel_tcp_settings(tcp())
            .set_client_to_redis_db(self.url.database.into());
        if let Some(username) = &self.username {
            builder = builder.set_client_to_redis_username(username);
        }
        if let Some(password) = self.password.as_ref().and_then(Secret::expose_text) {
            builder = builder.set_client_to_redis_password(password);
        }
        if self.url.tls {
            builder =
                builder.set_client_to_redis_tls_mode(TlsMode::Secure).set_client_to_sentinel_tls_mode(TlsMode::Secure);
        }
        if let Some(certificates) = &self.certificates {
            builder = builder
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_certificates(certificates.clone());
        }
        Ok(Link::One(builder.build()?.get_async_connection_with_config(config).await?))
    }
}

/// Calls are small and answered one by one: nothing is gained by gathering them (RFC 896).
fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Link::One(link) => link.req_packed_command(cmd),
            Link::Cluster(link) => link.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Link::One(link) => link.req_packed_commands(pipeline, offset, count),
            Link::Cluster(link) => link.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Link::One(link) => link.get_db(),
            Link::Cluster(link) => link.get_db(),
        }
    }
}

impl Link {
    /// Asks whether it is alive.
    pub(crate) async fn ping(&mut self) -> Result<(), RedisError> {
        redis::cmd("PING").query_async(self).await
    }
}
