//! The document of a material: `file:` in an entry names it, next to the input
//! file. It is hashed here, so that the record can be checked before anything is
//! sent; its bytes go to the node before the record.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use volbridge_proto::{Code, Refusal};

use super::{
    message::Fault,
    tree::{Key, Node, Place, Scalar, Style, Value},
};

/// A file that goes to the node as a blob.
#[derive(Clone, Debug)]
pub struct LocalBlob {
    pub path: PathBuf,
    pub hash: [u8; 32],
    pub size: u64,
}

/// Puts `blob: …` in the place of `file: …`, or of the command line's `--file`.
pub fn replace_file(
    record: &mut Node,
    input: &Path,
    given: Option<&Path>,
    faults: &mut Vec<Fault>,
) -> Option<LocalBlob> {
    let (place, path) = match (record.take("file"), given) {
        (Some((_, Node { place, value: Value::Scalar(named) })), _) => {
            let folder = input.parent().unwrap_or(Path::new(""));
            (place, folder.join(named.text))
        }
        (Some((_, node)), _) => {
            let refusal = Refusal::new(Code::FieldInvalid).at("file");
            faults.push((node.place, refusal.with("expected", "text").with("found", node.shape())));
            return None;
        }
        (None, Some(path)) => (record.place, path.to_owned()),
        (None, None) => return None,
    };
    if let Some(blob) = record.take("blob") {
        faults.push((blob.0.place, Refusal::new(Code::FieldUnexpected).at("blob").with("beside", "file")));
        return None;
    }
    match hash(&path) {
        Ok(blob) => {
            let key = Key { name: "blob".to_owned(), place };
            if let Value::Map(fields) = &mut record.value {
                fields.push((key, fields_of(&blob, place)));
            }
            Some(blob)
        }
        Err(error) => {
            let detail = format!("{}: {error}", path.display());
            faults.push((place, Refusal::new(Code::InputMalformed).at("file").with("detail", detail)));
            None
        }
    }
}

fn hash(path: &Path) -> io::Result<LocalBlob> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(LocalBlob { path: path.to_owned(), hash: *hasher.finalize().as_bytes(), size });
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
        size += read as u64;
    }
}

fn fields_of(blob: &LocalBlob, place: Place) -> Node {
    let filename = blob.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let media_type = media_type(&filename).to_owned();
    let field = |name: &str, text: String, style: Style| {
        (Key { name: name.to_owned(), place }, Node { place, value: Value::Scalar(Scalar { text, style }) })
    };
    let fields = vec![
        field("hash", hex::encode(blob.hash), Style::Text),
        field("size", blob.size.to_string(), Style::Plain),
        field("media_type", media_type, Style::Text),
        field("filename", filename, Style::Text),
    ];
    Node { place, value: Value::Map(fields) }
}

/// By the name; the node looks at the bytes before it hands them out.
pub fn media_type(filename: &str) -> &'static str {
    let extension = filename.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("pdf") => "application/pdf",
        Some("pptx") => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("odp") => "application/vnd.oasis.opendocument.presentation",
        Some("odt") => "application/vnd.oasis.opendocument.text",
        Some("epub") => "application/epub+zip",
        Some("txt") => "text/plain",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("mp4") => "video/mp4",
        Some("webm") => "video/webm",
        _ => "application/octet-stream",
    }
}
