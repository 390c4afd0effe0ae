//! The macro that makes a struct, its writer, its reader and its table in `docs/formats.md` of one list of members.

/// Declares what a body, or an object in one, has for members, in the order of their names:
///
/// - `field: Type,` is a field and its member. `as "name"` gives the member another name than the field's, and
///   `[Codec]` another form than the type's own.
/// - `name: Type = |this| expression,` is written and read, and is no field. `then` may look at what was read.
/// - `group field: Group,` is a field whose members stand among the others; `..field.member,` says where. An optional group,
///   `group field: Option<Group> if "name",` is there if that member is.
///
/// The doc comment of a member is what the format page says of it. A `group struct` is what a `group` field holds, and an
/// `impl` is for a struct that is declared elsewhere. The values in parentheses are what the writer and what the reader
/// are given beside the members. `then` runs when all members are read: what it binds may be a field, and those that are
/// no members are listed behind it.
macro_rules! members {
    ($(#[$meta:meta])* struct $($rest:tt)*) => {
        $crate::kernel::record::table::members!(@head (struct $(#[$meta])*) $($rest)*);
    };
    ($(#[$meta:meta])* group struct $($rest:tt)*) => {
        $crate::kernel::record::table::members!(@head (group $(#[$meta])*) $($rest)*);
    };
    (impl $($rest:tt)*) => { $crate::kernel::record::table::members!(@head (impl) $($rest)*); };
    (group impl $($rest:tt)*) => { $crate::kernel::record::table::members!(@head (group impl) $($rest)*); };

    (
        @head $form:tt $Name:ident $(($write:ident: $Write:ty; $read:ident: $Read:ty))? { $($members:tt)* }
        $(then { $($then:tt)* } $($also:ident),*)?
    ) => {
        $crate::kernel::record::table::members!(
            @next ($form $Name ($($write: $Write)?) ($($read: $Read)?) {$($($then)*)?} ($($($also)*)?)) (self out it)
            {} {} {} {} {} {} $($members)*
        );
    };

    // No member is left.
    (
        @next ($form:tt $Name:ident ($($write:tt)*) ($($read:tt)*) {$($then:tt)*} ($($also:ident)*))
        ($this:tt $out:ident $it:ident)
        {$($field:tt)*} {$($name:ident)*} {$($encode:tt)*} {$($decode:tt)*} {$($row:tt)*} {$($method:tt)*}
    ) => {
        $crate::kernel::record::table::members!(@struct $form $Name {$($field)*});

        impl $Name {
            $crate::kernel::record::table::members!(
                @write $form {$($method)*} {
                    /// Writes the members, in the order of their names.
                    #[inline]
                    pub(crate) fn write(&$this, $out: &mut $crate::kernel::record::write::Members<'_>, $($write)*) {
                        $($encode)*
                    }
                }
            );

            /// Reads the members and passes over those that it does not know.
            pub(crate) fn read(
                $it: &mut $crate::kernel::record::read::Members<'_>,
                $($read)*
            ) -> Result<Self, $crate::kernel::record::RecordError> {
                $($decode)*
                $($then)*
                Ok(Self { $($name,)* $($also,)* })
            }

            /// What the format page says of the members.
            #[cfg(test)]
            pub(crate) fn rows() -> Vec<$crate::kernel::record::row::Row> {
                vec![$($row)*]
            }
        }
    };

    // A field that is a member.
    (
        @next $head:tt ($this:tt $out:ident $it:ident)
        {$($f:tt)*} {$($n:tt)*} {$($e:tt)*} {$($d:tt)*} {$($r:tt)*} {$($m:tt)*}
        $(#[doc = $note:literal])* $field:ident: $Type:ty $([$Codec:ident])? $(as $name:literal)?, $($rest:tt)*
    ) => {
        $crate::kernel::record::table::members!(
            @next $head ($this $out $it)
            {$($f)* $(#[doc = $note])* pub(crate) $field: $Type,}
            {$($n)* $field}
            {$($e)* WriteMember::write_member(
                $crate::kernel::record::table::members!(@coded $this.$field; $($Codec)?),
                $crate::kernel::record::table::members!(@name $field $($name)?), $out,
            );}
            {$($d)* let $field: $Type = $crate::kernel::record::table::members!(
                @decoded $it, $crate::kernel::record::table::members!(@name $field $($name)?); $($Codec)?
            );}
            {$($r)* $crate::kernel::record::row::Row::of::<
                $crate::kernel::record::table::members!(@form $Type; $($Codec)?)
            >($crate::kernel::record::table::members!(@name $field $($name)?), concat!($($note),*)),}
            {$($m)* pub(crate) fn $field(&self, out: &mut $crate::kernel::record::write::Members<'_>) {
                WriteMember::write_member(&self.$field, $crate::kernel::record::table::members!(@name $field $($name)?), out);
            }}
            $($rest)*
        );
    };

    // A member that is no field.
    (
        @next $head:tt ($this:tt $out:ident $it:ident)
        {$($f:tt)*} $names:tt {$($e:tt)*} {$($d:tt)*} {$($r:tt)*} $methods:tt
        $(#[doc = $note:literal])* $field:ident: $Type:ty $(as $name:literal)? = |$from:ident| $value:expr, $($rest:tt)*
    ) => {
        $crate::kernel::record::table::members!(
            @next $head ($this $out $it)
            {$($f)*}
            $names
            {$($e)* {
                let $from = $this;
                WriteMember::write_member(&$value, $crate::kernel::record::table::members!(@name $field $($name)?), $out);
            }}
            {$($d)* let $field = <$Type as ReadMember>::read_member(
                $it, $crate::kernel::record::table::members!(@name $field $($name)?),
            )?;}
            {$($r)* $crate::kernel::record::row::Row::of::<$Type>(
                $crate::kernel::record::table::members!(@name $field $($name)?), concat!($($note),*),
            ),}
            $methods
            $($rest)*
        );
    };

    // The place of a group's member, and of an optional group's.
    (
        @next $head:tt ($this:tt $out:ident $it:ident) $f:tt $n:tt {$($e:tt)*} $d:tt $r:tt $m:tt
        ..$group:ident.$member:ident, $($rest:tt)*
    ) => {
        $crate::kernel::record::table::members!(
            @next $head ($this $out $it) $f $n {$($e)* $this.$group.$member($out);} $d $r $m $($rest)*
        );
    };
    (
        @next $head:tt ($this:tt $out:ident $it:ident) $f:tt $n:tt {$($e:tt)*} $d:tt $r:tt $m:tt
        ..$group:ident?.$member:ident, $($rest:tt)*
    ) => {
        $crate::kernel::record::table::members!(
            @next $head ($this $out $it) $f $n
            {$($e)* if let Some(group) = &$this.$group { group.$member($out); }}
            $d $r $m $($rest)*
        );
    };

    // A group, and an optional one.
    (
        @next $head:tt ($this:tt $out:ident $it:ident) {$($f:tt)*} {$($n:tt)*} $e:tt {$($d:tt)*} $r:tt $m:tt
        $(#[$meta:meta])* group $field:ident: Option<$Group:ident> if $key:literal, $($rest:tt)*
    ) => {
        $crate::kernel::record::table::members!(
            @next $head ($this $out $it)
            {$($f)* $(#[$meta])* pub(crate) $field: Option<$Group>,} {$($n)* $field} $e
            {$($d)* let $field = if $it.has($key) { Some($Group::read($it)?) } else { None };}
            $r $m $($rest)*
        );
    };
    (
        @next $head:tt ($this:tt $out:ident $it:ident) {$($f:tt)*} {$($n:tt)*} $e:tt {$($d:tt)*} $r:tt $m:tt
        $(#[$meta:meta])* group $field:ident: $Group:ident, $($rest:tt)*
    ) => {
        $crate::kernel::record::table::members!(
            @next $head ($this $out $it)
            {$($f)* $(#[$meta])* pub(crate) $field: $Group,} {$($n)* $field} $e
            {$($d)* let $field = $Group::read($it)?;}
            $r $m $($rest)*
        );
    };

    (@struct (impl) $Name:ident $fields:tt) => {};
    (@struct (group impl) $Name:ident $fields:tt) => {};
    (@struct ($kind:ident $(#[$meta:meta])*) $Name:ident {$($field:tt)*}) => {
        $(#[$meta])*
        pub(crate) struct $Name { $($field)* }
    };
    (@write (group $($form:tt)*) {$($method:tt)*} $whole:tt) => { $($method)* };
    (@write $form:tt $methods:tt {$($whole:tt)*}) => { $($whole)* };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $name:literal) => { $name };
    (@form $Type:ty;) => { $Type };
    (@form $Type:ty; $Codec:ident) => { $Codec<$Type> };
    (@coded $value:expr;) => { &$value };
    (@coded $value:expr; $Codec:ident) => { &$Codec(&$value) };
    (@decoded $it:expr, $name:expr;) => { ReadMember::read_member($it, $name)? };
    (@decoded $it:expr, $name:expr; $Codec:ident) => { $Codec::read_member($it, $name)?.0 };
}

pub(crate) use members;
