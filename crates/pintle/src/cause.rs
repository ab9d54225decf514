//! Who or what changed the configuration, and where the one in force comes from: the words of messages, of `/status`, of
//! metrics and of what is kept.

use std::fmt;

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $what:literal])+ $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[doc = $what])+ $variant),+ }

        impl $name {
            /// The word for it.
            pub(crate) const fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// What a word stands for.
            pub(crate) fn of(word: &str) -> Option<Self> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

words! {
    /// Who or what changed the configuration.
    Cause {
        /// The program's start.
        Start = "start",
        /// A file that changed.
        File = "file",
        /// SIGHUP.
        Signal = "signal",
        /// `POST /reload`.
        Admin = "admin",
        /// `PUT /config`.
        Put = "put",
        /// `POST /config/rollback`.
        Rollback = "rollback",
        /// The guard.
        Guard = "guard",
    }
}

words! {
    /// Where the configuration in force comes from.
    Origin {
        /// The files.
        Files = "files",
        /// It was put, and the files have not changed since.
        Put = "put",
        /// It was gone back to, and the files have not changed since.
        Rollback = "rollback",
        /// The guard went back to it, and the files have not changed since.
        Guard = "guard",
        /// The files were bad at the start, so the last good one was taken from the state folder.
        State = "state",
    }
}
