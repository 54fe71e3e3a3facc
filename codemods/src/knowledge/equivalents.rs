//! What async code calls in the place of a function that blocks, as `knowledge/equivalents/*.toml` has
//! it. `tokio.toml` explains the fields.

use serde::Deserialize;

/// What takes the place of one blocking function, on one runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivalent {
    /// The path of the blocking function in the tables.
    pub of: String,
    /// The path of what takes its place: a function, or a type.
    pub path: String,
    /// How much of the call changes.
    pub shape: Shape,
    /// The reactor that drives it; `any` where it needs none.
    pub family: String,
    /// The package that has to be declared for it.
    pub package: Option<String>,
    /// The feature of the package that it takes.
    pub feature: Option<String>,
    /// Features of which each turns that one on, beside itself.
    pub all: Option<String>,
    /// Other features of which each turns that one on.
    pub implied_by: Vec<String>,
    /// The default features of the package have it.
    pub by_default: bool,
    /// Its value is of another type.
    pub gives_other: bool,
    /// It takes only values whose types are those of std.
    pub of_std: bool,
}

/// How much of a call changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// The path of what is called.
    DropIn,
    /// The name of the method.
    Renamed,
    /// The method goes away: its receiver is a future.
    Awaited,
    /// The type that the value of the receiver was built with.
    Builder,
    /// The type, and with it every use of the value in the function, where all of them can be seen.
    Followed,
    /// The type, and with it every use of the value.
    OtherType,
}

impl Equivalent {
    /// What the user says takes the place of a function.
    pub(super) fn stated(of: &str, path: &str, shape: Shape) -> Equivalent {
        Equivalent {
            of: of.to_owned(),
            path: path.to_owned(),
            shape,
            family: "any".to_owned(),
            package: None,
            feature: None,
            all: None,
            implied_by: Vec::new(),
            by_default: false,
            gives_other: false,
            of_std: false,
        }
    }
}

/// One file of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EquivalentFile {
    family: String,
    package: Option<String>,
    all: Option<String>,
    #[serde(default)]
    offload: Vec<Offload>,
    equivalent: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Offload {
    path: String,
    package: Option<String>,
    feature: Option<String>,
    #[serde(default)]
    implied_by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    of: String,
    path: Option<String>,
    #[serde(rename = "type")]
    ty: Option<String>,
    #[serde(default)]
    calls: Vec<String>,
    package: Option<String>,
    shape: Shape,
    feature: Option<String>,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    gives_other: bool,
    #[serde(default)]
    of_std: bool,
}

impl EquivalentFile {
    /// What runs a closure, as the equivalent of any call.
    pub(super) fn offloads(&self) -> impl Iterator<Item = Equivalent> {
        self.offload.iter().map(|offload| Equivalent {
            family: self.family.clone(),
            package: offload.package.clone().or_else(|| self.package.clone()),
            feature: offload.feature.clone(),
            implied_by: offload.implied_by.clone(),
            all: self.all.clone(),
            ..Equivalent::stated("", &offload.path, Shape::DropIn)
        })
    }

    /// Each row once for each of its calls.
    pub(super) fn equivalents(self) -> impl Iterator<Item = Equivalent> {
        let EquivalentFile {
            family,
            package,
            all,
            equivalent,
            ..
        } = self;
        equivalent.into_iter().flat_map(move |row| {
            // The path of a type is the same for all of its methods.
            let to = |call: &str| match (&row.path, &row.ty) {
                (Some(path), _) => format!("{path}{call}"),
                (None, Some(ty)) => ty.clone(),
                (None, None) => panic!("the equivalent of {} has no path", row.of),
            };
            let calls = match row.calls.as_slice() {
                [] => vec![String::new()],
                calls => calls.iter().map(|call| format!("::{call}")).collect(),
            };
            let equivalents: Vec<Equivalent> = calls
                .iter()
                .map(|call| Equivalent {
                    of: format!("{}{call}", row.of),
                    path: to(call),
                    shape: row.shape,
                    family: family.clone(),
                    package: row.package.clone().or_else(|| package.clone()),
                    feature: row.feature.clone(),
                    all: all.clone().filter(|_| row.feature.is_some()),
                    implied_by: Vec::new(),
                    by_default: row.default,
                    gives_other: row.gives_other,
                    of_std: row.of_std,
                })
                .collect();
            equivalents
        })
    }
}
