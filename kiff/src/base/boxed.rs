//! Traits that users write as `async fn`, behind a pointer.

/// Declares the boxed twin of an async trait, and implements it for all that implement the trait.
///
/// A trait whose functions return `impl Future` has no `dyn` form. The twin returns the same futures in a box, so that
/// its holder needs no type parameter. The table names every function that the holder calls: first those that wait for
/// nothing, then the futures, without `&self`, and with `'a` at each reference.
///
/// ```ignore
/// boxed_twin! {
///     /// Any [`Signer`].
///     pub(crate) trait DynSigner for Signer {
///         fn key_id() -> &str;
///         future sign(message: &'a [u8]) -> Result<[u8; 64], SignerError>;
///     }
/// }
/// ```
macro_rules! boxed_twin {
    (
        $(#[$meta:meta])*
        $vis:vis trait $Twin:ident for $Trait:ident {
            $(fn $getter:ident() -> $Borrowed:ty;)*
            $(future $name:ident($($arg:ident: $Arg:ty),* $(,)?) -> $Output:ty;)*
        }
    ) => {
        $(#[$meta])*
        $vis trait $Twin: Send + Sync {
            $(fn $getter(&self) -> $Borrowed;)*
            $(
                fn $name<'a>(
                    &'a self,
                    $($arg: $Arg),*
                ) -> ::std::pin::Pin<Box<dyn Future<Output = $Output> + Send + 'a>>;
            )*
        }

        impl<T: $Trait> $Twin for T {
            $(
                fn $getter(&self) -> $Borrowed {
                    $Trait::$getter(self)
                }
            )*
            $(
                fn $name<'a>(
                    &'a self,
                    $($arg: $Arg),*
                ) -> ::std::pin::Pin<Box<dyn Future<Output = $Output> + Send + 'a>> {
                    Box::pin($Trait::$name(self, $($arg),*))
                }
            )*
        }
    };
}

pub(crate) use boxed_twin;
