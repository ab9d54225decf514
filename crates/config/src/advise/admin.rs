//! An admin address that others may reach: its token goes over the network as it is. Without a token that is an error.

use super::Subject;
use pintle_core::config::{Diagnostic, Reader};

pub(super) fn check(subject: &Subject<'_>, reader: &mut Reader) {
    let Some(admin) = &subject.document.admin else { return };
    let Some(tcp) = admin.address.tcp().filter(|tcp| !tcp.ip().is_loopback()) else { return };
    if admin.token.is_none() || admin.tls.is_some() {
        return;
    }
    let message = format!("the admin address {tcp} is open to other machines, and its token comes without encryption");
    let help = "add `tls: {certificates: [{cert: FILE, key: FILE}]}`; or listen on 127.0.0.1 or a unix socket, and come from \
                elsewhere through a tunnel, such as `ssh -L`";
    reader.report(Diagnostic::warning("admin-without-tls", message, &admin.address.span).help(help));
}
