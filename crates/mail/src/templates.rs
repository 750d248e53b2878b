use std::io;
use std::path::{Path, PathBuf};

use minijinja::{Environment, UndefinedBehavior, context};
use url::Url;

use crate::mail::one_line;
use crate::{Address, Letter, Mail, MailError};

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("templates/", $name)))),+]
    };
}

/// Those that end in `.html` are escaped for it.
const BUILT_IN: [(&str, &str); 10] = built_in![
    "address_taken.html",
    "address_taken.subject.txt",
    "address_taken.txt",
    "base.html",
    "password_changed.html",
    "password_changed.subject.txt",
    "password_changed.txt",
    "password_reset_code.html",
    "password_reset_code.subject.txt",
    "password_reset_code.txt",
];

/// Of the letters that are tried at start.
const SAMPLE_CODE: &str = "918273";

/// What letters look like.
pub struct Templates {
    environment: Environment<'static>,
    app_name: String,
    app_url: Option<String>,
    folder: Option<PathBuf>,
}

/// A template that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The folder, or a file in it.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file in the folder that no letter is made of.
    #[error("{} is no template: there are {}", path.display(), names().join(", "))]
    Unknown {
        /// Which.
        path: PathBuf,
    },
    /// It does not parse, or does not render.
    #[error("{place}: {problem}")]
    Faulty {
        /// The file, with the line.
        place: String,
        /// In one line.
        problem: String,
    },
    /// It does not show what the letter is sent for.
    #[error("{place} does not show {what}: it needs {{{{ {what} }}}}")]
    Incomplete {
        /// The file.
        place: String,
        /// The variable.
        what: &'static str,
    },
    /// A subject that cannot be sent.
    #[error("{place}")]
    Subject {
        /// The file.
        place: String,
        /// Why.
        #[source]
        source: MailError,
    },
}

impl Templates {
    /// The built-in templates, and in the place of each the file of its name in `folder`. Every
    /// letter is tried, so that a fault shows at start. Letters name the application, and lead to
    /// `app_url` where there is one (whose serialization has nothing to escape in an attribute).
    ///
    /// # Errors
    /// See [`TemplateError`].
    pub fn new(
        app_name: &str,
        app_url: Option<&Url>,
        folder: Option<&Path>,
    ) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut templates = Self {
            environment,
            app_name: one_line(app_name),
            app_url: app_url.map(Url::to_string),
            folder: folder.map(Path::to_owned),
        };
        for (name, text) in BUILT_IN {
            templates.add(name, text.to_owned())?;
        }
        for (name, text) in folder.map(files).transpose()?.unwrap_or_default() {
            templates.add(name, text)?;
        }
        templates.try_all()?;
        Ok(templates)
    }

    /// The letter in words.
    pub(crate) fn render(&self, to: Address, letter: &Letter<'_>) -> Result<Mail, TemplateError> {
        let name = letter.name();
        let subject_file = format!("{name}.subject.txt");
        let subject = self.filled(&subject_file, letter, "")?;
        let subject = subject.trim();
        let text = self.filled(&format!("{name}.txt"), letter, subject)?;
        let html = self.filled(&format!("{name}.html"), letter, subject)?;
        Mail::new(to, subject, text, html).map_err(|source| TemplateError::Subject {
            place: self.place(&subject_file),
            source,
        })
    }

    fn filled(
        &self,
        file: &str,
        letter: &Letter<'_>,
        subject: &str,
    ) -> Result<String, TemplateError> {
        let own = match *letter {
            Letter::PasswordResetCode { code, minutes } => context! { code, minutes },
            Letter::AddressTaken | Letter::PasswordChanged => context! {},
        };
        let (app_name, app_url) = (&self.app_name, &self.app_url);
        let values = context! { app_name, app_url, subject, ..own };
        let rendered = self.environment.get_template(file);
        let rendered = rendered.and_then(|template| template.render(values));
        rendered.map_err(|error| self.faulty(file, &error))
    }

    fn add(&mut self, name: &'static str, text: String) -> Result<(), TemplateError> {
        let added = self.environment.add_template_owned(name, text);
        added.map_err(|error| self.faulty(name, &error))
    }

    fn try_all(&self) -> Result<(), TemplateError> {
        let code = Letter::PasswordResetCode {
            code: SAMPLE_CODE,
            minutes: 10,
        };
        for letter in [code, Letter::AddressTaken, Letter::PasswordChanged] {
            let Ok(to) = Address::parse("someone@example.com") else {
                continue;
            };
            let mail = self.render(to, &letter)?;
            let has_code = [("txt", &mail.text), ("html", &mail.html)];
            for (end, text) in has_code {
                if matches!(letter, Letter::PasswordResetCode { .. }) && !text.contains(SAMPLE_CODE)
                {
                    let place = self.place(&format!("{}.{end}", letter.name()));
                    return Err(TemplateError::Incomplete {
                        place,
                        what: "code",
                    });
                }
            }
        }
        Ok(())
    }

    fn faulty(&self, file: &str, error: &minijinja::Error) -> TemplateError {
        let line = error.line().map(|line| format!(" line {line}"));
        let place = self.place(error.name().unwrap_or(file));
        let problem = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        TemplateError::Faulty {
            place: format!("{place}{}", line.unwrap_or_default()),
            problem: one_line(&problem),
        }
    }

    /// The file in the folder, or the name of one that is built in.
    fn place(&self, name: &str) -> String {
        let file = self.folder.as_ref().map(|folder| folder.join(name));
        match file.filter(|file| file.exists()) {
            Some(file) => file.display().to_string(),
            None => format!("built-in template {name}"),
        }
    }
}

/// The templates in a folder.
fn files(folder: &Path) -> Result<Vec<(&'static str, String)>, TemplateError> {
    let unread = |path: &Path| {
        let path = path.to_owned();
        |source| TemplateError::Read { path, source }
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread(folder))? {
        let path = entry.map_err(unread(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with('.')) {
            continue;
        }
        let known = names().into_iter().find(|known| Some(*known) == name);
        let Some(known) = known else {
            return Err(TemplateError::Unknown { path });
        };
        let text = std::fs::read_to_string(&path).map_err(unread(&path))?;
        found.push((known, text));
    }
    Ok(found)
}

fn names() -> [&'static str; 10] {
    BUILT_IN.map(|(name, _)| name)
}
