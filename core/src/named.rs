//! Enums whose values have names.

/// Gives an enum `ALL` and `name`, from its values in the order of tables.
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
    )*};
}

pub(crate) use named;
