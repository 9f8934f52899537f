//! A disk below one node that fails as a test says (threats.md F02 to F05, F19): `faulty-disk`, loaded before the C
//! library into the process that runs the node. Needs no privileges; tmpfs and loop mounts would.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use rand::{RngExt as _, rngs::StdRng};
use tempfile::TempDir;

/// Calls that can fail; sums of them too.
pub mod calls {
    /// Bytes into a file.
    pub const WRITE: u32 = 1;
    /// What was written is to last.
    pub const SYNC: u32 = 2;
    /// A name for a file, or none.
    pub const RENAME: u32 = 4;
    /// A new file or folder.
    pub const CREATE: u32 = 8;
    /// Another length.
    pub const TRUNCATE: u32 = 16;
    /// A file is opened to be written.
    pub const OPEN: u32 = 32;
    /// All that a disk refuses that can only be read.
    pub const CHANGE: u32 = WRITE | RENAME | CREATE | TRUNCATE | OPEN;
}

const EIO: i32 = 5;
const EROFS: i32 = 30;
const DIE_BEFORE: i32 = -1;
const DIE_AFTER: i32 = -2;

/// The disk of one node's folder.
pub struct FaultyDisk {
    folder: PathBuf,
    home: TempDir,
    lines: AtomicU64,
}

impl FaultyDisk {
    /// A sound disk, on which everything in the folder is durable.
    pub fn new(folder: &Path) -> Self {
        let home = tempfile::tempdir().expect("a folder for the disk's state");
        fs::create_dir(home.path().join("shadow")).expect("a folder for what is durable");
        let disk = Self { folder: folder.to_owned(), home, lines: AtomicU64::new(0) };
        disk.settle();
        disk.heal();
        disk
    }

    /// What the process is started with.
    pub(crate) fn variables(&self, program: &str) -> Vec<(&'static str, PathBuf)> {
        // Cargo leaves it beside the tests: `target/debug/node-apart`, `target/debug/deps/…`.
        let library = Path::new(program).with_file_name("deps").join("libvolbridge_faulty_disk.so");
        assert!(library.exists(), "{} isn't built", library.display());
        vec![
            ("LD_PRELOAD", library),
            ("FAULTY_DISK_FOLDER", self.folder.clone()),
            ("FAULTY_DISK_CONTROL", self.control()),
            ("FAULTY_DISK_SHADOW", self.shadow()),
        ]
    }

    fn control(&self) -> PathBuf {
        self.home.path().join("control")
    }

    fn shadow(&self) -> PathBuf {
        self.home.path().join("shadow")
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        self.plan(0, 0, 0, 0, 0, -1);
    }

    /// The `nth` such call fails as if the disk were broken; if `for_ever`, all later ones too.
    pub fn break_at(&self, calls: u32, nth: u64, for_ever: bool) {
        self.plan(calls, nth, u64::from(!for_ever), EIO, 0, -1);
    }

    /// The power fails at the `nth` such call: before it is carried out, or just after.
    pub fn cut_at(&self, calls: u32, nth: u64, after: bool) {
        self.plan(calls, nth, 1, if after { DIE_AFTER } else { DIE_BEFORE }, 0, -1);
    }

    /// Files may still grow by so many bytes.
    pub fn leave_room(&self, bytes: i64) {
        self.plan(0, 0, 0, 0, 0, bytes);
    }

    /// Nothing can be changed any more.
    pub fn make_read_only(&self) {
        self.plan(calls::CHANGE, 1, 0, EROFS, 0, -1);
    }

    /// Each such call takes longer.
    pub fn slow_down(&self, calls: u32, millis: u64) {
        self.plan(calls, 0, 0, 0, millis, -1);
    }

    fn plan(&self, calls: u32, from: u64, times: u64, errno: i32, delay: u64, space: i64) {
        let number = self.lines.fetch_add(1, Ordering::Relaxed) + 1;
        let line = format!("{number} {calls} {from} {times} {errno} {delay} {space} *");
        let (part, control) = (self.home.path().join("control.new"), self.control());
        let _ = fs::remove_file(self.control().with_extension("hits"));
        fs::write(&part, line).and_then(|()| fs::rename(part, control)).expect("the disk is told");
    }

    /// The calls that failed since it was last told what fails.
    pub fn hits(&self) -> Vec<String> {
        let hits = fs::read_to_string(self.control().with_extension("hits")).unwrap_or_default();
        hits.lines().map(str::to_owned).collect()
    }

    /// Everything that is in the folder has come to the disk.
    pub fn settle(&self) {
        settle(&self.folder, &self.shadow()).expect("the folder can be copied");
    }

    /// Makes the folder what the disk would hold after a power cut: of what wasn't synced, nothing (`chance` 0), all
    /// (1), or parts that `rng` chooses, name by name and page by page.
    pub fn cut_power(&self, rng: &mut StdRng, chance: f64) {
        self.heal();
        let after = self.home.path().join("after");
        fs::create_dir(&after).expect("a folder");
        self.leave(&self.folder, &after, rng, chance).expect("what is left can be copied");
        fs::remove_dir_all(&self.folder).expect("the folder goes");
        copy(&after, &self.folder).expect("what is left comes back");
        fs::remove_dir_all(&after).expect("the copy goes");
        fs::remove_dir_all(self.shadow()).expect("the shadow goes");
        fs::create_dir(self.shadow()).expect("a folder");
        self.settle();
    }

    fn leave(&self, from: &Path, to: &Path, rng: &mut StdRng, chance: f64) -> io::Result<()> {
        let durable = self.names(from)?;
        let mut now = BTreeMap::new();
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            now.insert(entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.ino());
        }
        let mut names: Vec<_> = durable.keys().chain(now.keys()).cloned().collect();
        names.sort();
        names.dedup();
        for name in names {
            let chosen = if rng.random_bool(chance) { now.get(&name) } else { durable.get(&name) };
            let Some(inode) = chosen.copied() else { continue };
            let (place, target) = (from.join(&name), to.join(&name));
            let current = now.get(&name) == Some(&inode);
            if current && place.is_dir() {
                fs::create_dir(&target)?;
                self.leave(&place, &target, rng, chance)?;
            } else {
                let kept = fs::read(self.shadow().join(inode.to_string())).unwrap_or_default();
                let unsynced = if current { fs::read(&place)? } else { kept.clone() };
                fs::write(&target, mixed(&kept, &unsynced, rng, chance))?;
                // Keys are readable by their owner alone.
                fs::set_permissions(
                    target,
                    fs::metadata(if current { &place } else { from })?.permissions(),
                )?;
            }
        }
        Ok(())
    }

    /// The names in a folder that are durable, with their inodes.
    fn names(&self, folder: &Path) -> io::Result<BTreeMap<String, u64>> {
        let inode = fs::metadata(folder)?.ino();
        let lines = fs::read_to_string(self.shadow().join(inode.to_string())).unwrap_or_default();
        let named = lines.lines().filter_map(|line| line.split_once(' '));
        Ok(named.filter_map(|(inode, name)| Some((name.to_owned(), inode.parse().ok()?))).collect())
    }
}

/// Pages of the old bytes and of the new ones.
fn mixed(old: &[u8], new: &[u8], rng: &mut StdRng, chance: f64) -> Vec<u8> {
    const PAGE: usize = 4096;
    let length = if rng.random_bool(chance) { new.len() } else { old.len() };
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let from = if rng.random_bool(chance) { new } else { old };
        let end = (bytes.len() + PAGE).min(length);
        let mut page = from.get(bytes.len()..end.min(from.len())).unwrap_or_default().to_vec();
        // What a file was lengthened by and never written reads as zeros.
        page.resize(end - bytes.len(), 0);
        bytes.append(&mut page);
    }
    bytes
}

fn settle(folder: &Path, shadow: &Path) -> io::Result<()> {
    let mut lines = String::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, inode) = (entry.path(), entry.metadata()?.ino());
        lines.push_str(&format!("{inode} {}\n", entry.file_name().to_string_lossy()));
        if path.is_dir() {
            settle(&path, shadow)?;
        } else {
            fs::copy(&path, shadow.join(inode.to_string()))?;
        }
    }
    fs::write(shadow.join(fs::metadata(folder)?.ino().to_string()), lines)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
