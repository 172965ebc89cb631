//! Enums whose values have names.

/// Gives an enum `ALL`, `name` and `Display`, from its values in the order of tables.
macro_rules! named {
    ($($type:ident { $($value:ident: $name:literal),* })*) => {$(
        impl $type {
            /// All of them, in the order of tables.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$value),*];

            /// The name used on the command line, in files and in tables.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name),*
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    )*};
}

pub(crate) use named;
