//! What replicas share: the store that a configuration names, taken over where nothing of it changed. The one place where
//! what happens to it meets metrics and log.

use super::World;
use crate::document::Document;
use pintle_core::config::{Diagnostic, Reader};
use pintle_store::{Durable, Event, FAILURES, Observer, Store, UP};
use pintle_telemetry::{Metrics, log};
use std::sync::Arc;

/// The shared store; what is wrong with the files of its TLS is reported. A password that cannot be had is none here: who
/// starts or reloads is told by `pintle`.
pub(super) fn shared(document: &Document, world: &World, reader: &mut Reader) -> Option<Arc<Store>> {
    let config = document.stores.shared.as_ref()?;
    let password = config.password().and_then(|password| password.resolve().ok());
    let made = match Store::new(config.settings(), password, observer(&world.metrics)) {
        Ok(made) => Arc::new(made),
        Err(why) => {
            reader.report(Diagnostic::error("store-tls", why, &config.span));
            return None;
        }
    };
    let found = world.lasting.find("store", "shared", |known| made.is_same(known), || Arc::clone(&made));
    if Arc::ptr_eq(&found, &made) {
        world.lasting.spawn(Store::keep(Arc::downgrade(&made)));
    }
    Some(found)
}

/// Where counts are kept that outlive the process: in the state folder, if the configuration names one.
pub(super) fn counts(document: &Document, world: &World) -> Option<Arc<Durable>> {
    let file = document.state.as_ref()?.join("quota.redb");
    let name = file.display().to_string();
    Some(world.lasting.find("counts", &name, |_| true, || Arc::new(Durable::new(file))))
}

fn observer(metrics: &Arc<Metrics>) -> Observer {
    let up = metrics.gauge(&UP, &["shared"]);
    let metrics = Arc::clone(metrics);
    Box::new(move |event| match event {
        Event::Up => {
            up.set(1);
            log::info(format_args!("the store `shared` is there"));
        }
        Event::Down(why) => {
            up.set(0);
            log::warn(format_args!("the store `shared` is gone: {why}"));
        }
        Event::Failed(reason) => metrics.counter(&FAILURES, &["shared", reason]).inc(),
    })
}
