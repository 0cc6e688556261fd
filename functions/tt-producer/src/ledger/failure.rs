//! Why a record was not published.

use function_log::Text;

use crate::{
    object::{ContentError, S3Error},
    parse::Malformed,
    send::SendError,
    split::SplitError,
    upload::InvalidUpload,
};

/// Why a record was not published. The messages contain nothing of it: they are logged and parked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The file contains something else in its place.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// It is no record.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It did not reach the stream.
    #[error("{}", Text(&.0.to_string()))]
    Send(#[from] SendError),
    /// The file cannot be read further: one failure for everything that follows.
    #[error(transparent)]
    Content(ContentError),
    /// S3 refused to go on: one failure for everything that follows.
    #[error("rest of the file: {0}")]
    Unread(S3Error),
    /// The deadline came first: one failure for everything that follows.
    #[error("rest of the file: out of time")]
    OutOfTime,
    /// Nothing of the file could be read, while others of the same notification were counted.
    #[error("whole file: {0}")]
    Unopened(S3Error),
    /// The position lies behind the end of the file.
    #[error("position is behind the end of the file")]
    BehindEnd,
    /// A line of a replay that is no parked line.
    #[error("line is not a parked record")]
    NotParked,
    /// A parked line of which only the beginning is kept.
    #[error("only the beginning of the parked record is here: upload the file itself again")]
    Truncated,
    /// A parked line of something else than an uploaded file.
    #[error("parked line is not valid: {0}")]
    Invalid(#[from] InvalidUpload),
    /// A parked line whose file is not found.
    #[error("file of the parked line: {0}")]
    Source(S3Error),
    /// A part of a file that another line of the replay names, too.
    #[error("another line of the replay names the same part of the file")]
    Twice,
    /// A replay of too many parts of files.
    #[error("replay names more than {limit} parts of files: send the others in another one")]
    TooManyParts {
        /// The limit.
        limit: usize,
    },
}

impl Failure {
    /// A name of the kind of failure, by which failures are summed up.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Split(SplitError::TooLong { .. }) => "too long",
            Self::Split(SplitError::Quotes) => "quotes",
            Self::Split(SplitError::Header(_)) | Self::Malformed(Malformed::Header(_)) => "header",
            Self::Split(_) | Self::Content(_) => "file",
            Self::Malformed(Malformed::FieldCount { .. }) => "number of fields",
            Self::Malformed(Malformed::Missing(_)) => "missing value",
            Self::Malformed(Malformed::Encoding { .. } | Malformed::NotUtf8 { .. }) => "encoding",
            Self::Malformed(_) => "malformed",
            Self::Send(SendError::Put(_)) => "refused by the stream",
            Self::Send(SendError::Task) => "no answer of the stream",
            Self::Unread(_) | Self::Unopened(_) | Self::Source(_) => "S3",
            Self::OutOfTime => "out of time",
            Self::BehindEnd
            | Self::NotParked
            | Self::Truncated
            | Self::Invalid(_)
            | Self::Twice
            | Self::TooManyParts { .. } => "replay",
        }
    }

    /// Whether reading on at the same position can succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Unread(_) | Self::Unopened(_) | Self::OutOfTime)
    }
}

impl From<ContentError> for Failure {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::S3(error) => Self::Unread(error),
            error => Self::Content(error),
        }
    }
}
