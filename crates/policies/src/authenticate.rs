//! What all authentications have in common: how one is asked, what becomes of its verdict, and what it forwards to the
//! service. Knows no single kind of credentials.
//!
//! An authentication that can always decide at once is a check and costs no future; any other stands around the rest of
//! the chain, and waits only where it must.

use crate::build::Building;
use crate::chain::Kind;
use crate::field::Side;
use crate::headers::{Changes, take_away};
use crate::layers::{Layers, Levels, Origin};
use crate::{Policy, Setting, trailers};
use pintle_core::config::{Map, Reader, Span, TemplateText};
use pintle_core::step::{BoxFuture, Next, Outcome, Step, Wrap};
use pintle_core::template::Declared;
use pintle_core::{Exchange, Identity, Reason, Refusal, Response, names};
use std::sync::Arc;

/// What the settings of every authentication have.
pub(crate) trait Credentials {
    /// Whether a request without credentials passes, as nobody. Wrong ones are refused all the same.
    fn optional(&self) -> bool;
    /// Fields that the service gets, with values that may name `claims` and `consumer`.
    fn forward(&self) -> &Map<TemplateText>;
}

/// Finds out who a request comes from.
pub(crate) trait Authenticate: Send + Sync {
    /// Decides without waiting; none where that cannot be. Credentials that no service should see are taken off the
    /// request here, or in [`Authenticate::wait`].
    fn now(&self, exchange: &mut Exchange) -> Option<Verdict>;

    /// Whether [`Authenticate::now`] may be none.
    fn may_wait(&self) -> bool {
        false
    }

    /// Decides where `now` could not. Bounded in time by itself; cancelled by dropping, when the client hangs up.
    fn wait<'a>(&'a self, _exchange: &'a mut Exchange) -> BoxFuture<'a, Verdict> {
        Box::pin(std::future::ready(Verdict::Nobody))
    }

    /// Keeps what it needs of a client's own fields that are about to be taken away, before anything is decided.
    fn clear(&self, _exchange: &mut Exchange) {}

    /// How a client is told what credentials are wanted: a value of `WWW-Authenticate` (RFC 9110 11.6.1).
    fn challenge(&self) -> Option<&str> {
        None
    }

    /// What a request without credentials gets.
    fn nobody(&self, _exchange: &Exchange) -> Outcome {
        let refusal = Refusal::new(Reason::NoCredentials);
        Err(match self.challenge() {
            Some(challenge) => refusal.field(names::WWW_AUTHENTICATE, challenge),
            None => refusal,
        })
    }

    /// Names of fields, in small letters, that it gives the service beside those that settings forward: a client's own
    /// of these are taken away.
    fn writes(&self) -> Vec<Box<str>> {
        Vec::new()
    }

    /// Whether it looks for credentials in the field of that name, which must then be left until it has decided.
    fn reads(&self, name: &str) -> bool {
        matches!(name, "authorization" | "cookie")
    }

    /// Whether [`Authenticate::edit`] does something.
    fn edits(&self) -> bool {
        false
    }

    /// Changes the answer on its way out, whoever it comes from.
    fn edit(&self, _exchange: &Exchange, _response: &mut Response) {}
}

/// What an authentication says of a request.
pub(crate) enum Verdict {
    /// It has no credentials of this kind.
    Nobody,
    /// It comes from somebody.
    Somebody(Identity),
    /// Its credentials are wrong, or nobody can tell now.
    Refused(Refusal),
    /// It is answered here: a step of a login.
    Answered(Box<Response>),
}

/// An authentication with what its settings say beside.
pub(crate) struct Sure {
    kind: &'static str,
    authenticate: Arc<dyn Authenticate>,
    optional: bool,
    forward: Changes,
    /// The names of what it gives the service, and no client may.
    owned: Arc<[Box<str>]>,
    /// Those of them that are taken away before it decides.
    early: Box<[Box<str>]>,
    /// Those that it reads itself, such as an `authorization` that is forwarded in place of the client's.
    late: Box<[Box<str>]>,
}

impl Sure {
    /// Puts it together; what is wrong with `forward` is reported.
    pub(crate) fn new(
        kind: &'static str,
        settings: &impl Credentials,
        authenticate: Arc<dyn Authenticate>,
        place: &Declared<'_>,
        reader: &mut Reader,
    ) -> Option<Self> {
        let forward = Changes::set(settings.forward(), place, reader)?;
        let forwarded = settings.forward().iter().map(|(name, _)| Box::from(name.to_ascii_lowercase()));
        let (late, mut early): (Vec<Box<str>>, Vec<_>) = forwarded.partition(|name| authenticate.reads(name));
        // Of what it writes by itself, what it reads too is its own matter.
        early.extend(authenticate.writes().into_iter().filter(|name| !authenticate.reads(name)));
        let owned = early.iter().chain(&late).cloned().collect();
        let (optional, early, late) = (settings.optional(), early.into(), late.into());
        Some(Sure { kind, authenticate, optional, forward, owned, early, late })
    }

    /// What decides.
    pub(crate) fn authenticate(&self) -> &Arc<dyn Authenticate> {
        &self.authenticate
    }

    /// Takes the client's own fields away of those that are forwarded, in whatever spelling, trailers with them. Before
    /// anything is decided, and whatever it is.
    pub(crate) fn clear(&self, exchange: &mut Exchange) {
        self.authenticate.clear(exchange);
        for name in &self.early {
            take_away(name, Side::Request, &mut exchange.request.fields);
        }
        trailers::withhold(&self.owned, &mut exchange.request);
    }

    /// The same for those that were left for it to read. Before anything is forwarded.
    pub(crate) fn clear_read(&self, exchange: &mut Exchange) {
        for name in &self.late {
            take_away(name, Side::Request, &mut exchange.request.fields);
        }
    }

    /// Takes somebody's identity over, and forwards what is said to be. Refused where another authentication of the
    /// request named another consumer.
    pub(crate) fn take(&self, identity: Identity, exchange: &mut Exchange) -> Result<(), Refusal> {
        if !exchange.identity.add(identity) {
            let why = format!("`{}` names another consumer than the authentication before it", self.kind);
            return Err(Refusal::new(Reason::BadCredentials).internal(why));
        }
        let made = self.forward.make(exchange);
        self.forward.apply(&made, Side::Request, &mut exchange.request.fields);
        Ok(())
    }

    /// What becomes of a verdict: on with the request, or an answer.
    #[expect(clippy::result_large_err, reason = "it is what a chain comes to")]
    fn settle(&self, verdict: Verdict, exchange: &mut Exchange) -> Result<(), Outcome> {
        match verdict {
            Verdict::Somebody(identity) => self.take(identity, exchange).map_err(Err),
            Verdict::Nobody if self.optional => Ok(()),
            Verdict::Nobody => Err(self.authenticate.nobody(exchange)),
            Verdict::Refused(refusal) => Err(Err(refusal)),
            Verdict::Answered(response) => Err(Ok(*response)),
        }
    }
}

/// Adds the steps of the authentication of one kind that holds, if any does. `make` builds it of its settings.
pub(crate) fn steps<T: Credentials>(
    kind: &'static str,
    layers: &Layers<'_, T>,
    building: &mut Building<'_, '_>,
    make: impl Fn(&T, Origin<'_>, &mut Building<'_, '_>) -> Option<Arc<dyn Authenticate>>,
) -> Option<()> {
    // Two of one kind on one level must both hold, as two of different kinds must.
    for (origin, settings) in layers.instances() {
        let authenticate = make(settings, origin, building)?;
        let sure = Sure::new(kind, settings, authenticate, building.place, building.reader)?;
        add(Arc::new(sure), building);
    }
    Some(())
}

/// An authentication as one of several.
#[derive(Clone, Copy)]
pub(crate) struct Alternative<'a> {
    /// Which instance it is.
    pub(crate) origin: Origin<'a>,
    /// Where it is written, or named.
    pub(crate) span: &'a Span,
}

impl Alternative<'_> {
    /// Builds a policy that is of the kind that `make` is for; none where it is of another one. Within it none says that
    /// something was reported.
    pub(crate) fn one_of<T: Kind + Credentials>(
        self,
        policy: &Policy,
        building: &mut Building<'_, '_>,
        make: impl Fn(&T, Origin<'_>, &mut Building<'_, '_>) -> Option<Arc<dyn Authenticate>>,
    ) -> Option<Option<Sure>> {
        if T::NAME == "any" {
            return None;
        }
        let changed;
        let settings = match T::of(policy)? {
            Setting::On { value, .. } => value,
            Setting::Use { name, changes } => {
                changed = building.around.named.changed::<T>(name, changes, building.reader);
                let Some(changed) = &changed else { return Some(None) };
                changed
            }
            Setting::Off => return None,
        };
        let authenticate = make(settings, self.origin, building);
        let sure = |it| Sure::new(T::NAME, settings, it, building.place, building.reader);
        Some(authenticate.and_then(sure))
    }

    /// Reports a policy that cannot be one of several.
    pub(crate) fn unfit(self, policy: &Policy, building: &mut Building<'_, '_>) -> Option<Sure> {
        let kind = policy.kind();
        let message = match policy.view().levels {
            Levels::Authentication if kind == "any" => "`any` does not stand in another one".to_owned(),
            Levels::Authentication => format!("`{kind}: none` is nothing to choose"),
            _ => format!("`{kind}` is no authentication, and `any` chooses among those"),
        };
        building.reader.error("any", message, self.span);
        None
    }
}

/// Adds the steps of an authentication.
pub(crate) fn add(sure: Arc<Sure>, building: &mut Building<'_, '_>) {
    if sure.authenticate.edits() {
        let sure = Arc::clone(&sure);
        let edit = move |exchange: &Exchange, response: &mut Response| sure.authenticate.edit(exchange, response);
        building.steps.push(Step::Edit(Box::new(edit)));
    }
    building.steps.push(if sure.authenticate.may_wait() {
        Step::Wrap(sure)
    } else {
        Step::Answer(Box::new(move |exchange| {
            sure.clear(exchange);
            let verdict = sure.authenticate.now(exchange).unwrap_or(Verdict::Nobody);
            sure.clear_read(exchange);
            match sure.settle(verdict, exchange) {
                Ok(()) => Ok(None),
                Err(outcome) => outcome.map(Some),
            }
        }))
    });
}

impl Wrap for Sure {
    fn call<'a>(&'a self, exchange: &'a mut Exchange, next: Next) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            self.clear(exchange);
            let verdict = match self.authenticate.now(exchange) {
                Some(verdict) => verdict,
                None => self.authenticate.wait(exchange).await,
            };
            self.clear_read(exchange);
            match self.settle(verdict, exchange) {
                Ok(()) => next.run(exchange).await,
                Err(outcome) => outcome,
            }
        })
    }
}
