//! merkle-root, inclusion, consistency, subtree, frontier, tile.

use serde_json::{Value, json};
use volbridge_proto::{
    Code,
    tlog::{
        entry::{Hash, leaf_hash},
        frontier::Frontier,
        proof, tile,
        tree::{MemoryTree, subtree_hash},
    },
};

use crate::Vectors;

/// The leaves of the tests of Certificate Transparency, whose roots are widely known.
const CT_LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

const CT_ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn leaf(number: u64) -> Hash {
    leaf_hash(&number.to_be_bytes())
}

fn tree(size: u64) -> MemoryTree {
    let hashes: Vec<Hash> = (0..size).map(leaf).collect();
    MemoryTree::from_leaf_hashes(&hashes)
}

fn hexes(hashes: &[Hash]) -> Value {
    json!(hashes.iter().map(hex::encode).collect::<Vec<_>>())
}

pub fn merkle_root() -> Vectors {
    let mut vectors = Vectors::new(
        "merkle-root",
        "The root over leaves, given as hex (RFC 6962, 2.1). The first nine are those of the tests of Certificate Transparency; `count` stands for the leaves u64 0, 1, 2 ….",
    );
    vectors.accept("no leaves", json!({ "leaves": [], "root": hex::encode(tree(0).root()) }));
    for (size, root) in (1..).zip(CT_ROOTS) {
        let leaves = &CT_LEAVES[..size];
        let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(&hex::decode(leaf).unwrap())).collect();
        assert_eq!(hex::encode(MemoryTree::from_leaf_hashes(&hashes).root()), root);
        vectors.accept(&format!("{size} leaves"), json!({ "leaves": leaves, "root": root }));
    }
    for count in [255, 256, 257, 1000, 65_537] {
        let case = json!({ "count": count, "root": hex::encode(tree(count).root()) });
        vectors.accept(&format!("{count} leaves"), case);
    }
    vectors
}

pub fn inclusion() -> Vectors {
    let mut vectors = Vectors::new(
        "inclusion",
        "That `leaf_hash` stands at `index` in the tree (`size`, `root`); `proof` begins with the leaf's sibling.",
    );
    let case = |index: u64, size: u64| {
        let tree = tree(size);
        let proof = proof::inclusion(&tree, index, size).unwrap();
        json!({ "index": index, "size": size, "leaf_hash": hex::encode(leaf(index)),
            "proof": hexes(&proof), "root": hex::encode(tree.root()) })
    };
    for (index, size) in
        [(0, 1), (0, 2), (1, 2), (2, 3), (4, 7), (6, 7), (0, 8), (5, 11), (255, 257), (256, 257)]
    {
        vectors.accept(&format!("{index} of {size}"), case(index, size));
    }
    let good = case(4, 7);
    let with = |field: &str, value: Value| {
        let mut case = good.clone();
        case[field] = value;
        case
    };
    let proof = good["proof"].as_array().unwrap();
    vectors.refuse("t01: another leaf", Code::ProofInclusion, with("leaf_hash", json!(hex::encode(leaf(5)))));
    vectors.refuse("t01: another index", Code::ProofInclusion, with("index", json!(5)));
    vectors.refuse("another root", Code::ProofInclusion, with("root", json!(hex::encode([0; 32]))));
    vectors.refuse("a hash too few", Code::ProofLength, with("proof", json!(proof[..2])));
    let longer = [proof.as_slice(), &[json!(hex::encode([0; 32]))]].concat();
    vectors.refuse("a hash too many", Code::ProofLength, with("proof", json!(longer)));
    let mut turned = proof.clone();
    turned.reverse();
    vectors.refuse("hashes in another order", Code::ProofInclusion, with("proof", json!(turned)));
    vectors.refuse("an index beyond the tree", Code::ProofRange, with("index", json!(7)));
    vectors.refuse("an index of 2^64 - 1", Code::ProofRange, with("index", json!(u64::MAX)));
    vectors
}

pub fn consistency() -> Vectors {
    let mut vectors = Vectors::new(
        "consistency",
        "That the tree (`old`, `old_root`) is the beginning of (`new`, `new_root`) (RFC 6962, 2.1.2).",
    );
    let case = |old: u64, new: u64| {
        let tree = tree(new);
        let proof = proof::consistency(&tree, old, new).unwrap();
        json!({ "old": old, "old_root": hex::encode(tree.root_at(old).unwrap()), "new": new,
            "new_root": hex::encode(tree.root()), "proof": hexes(&proof) })
    };
    for (old, new) in
        [(0, 0), (0, 5), (1, 1), (1, 8), (3, 7), (4, 7), (6, 7), (6, 8), (8, 9), (256, 300), (300, 513)]
    {
        vectors.accept(&format!("{old} to {new}"), case(old, new));
    }
    let good = case(6, 8);
    let with = |field: &str, value: Value| {
        let mut case = good.clone();
        case[field] = value;
        case
    };
    let proof = good["proof"].as_array().unwrap();
    vectors.refuse(
        "t06: another old root",
        Code::ProofConsistency,
        with("old_root", json!(hex::encode([0; 32]))),
    );
    vectors.refuse("another new root", Code::ProofConsistency, with("new_root", json!(hex::encode([0; 32]))));
    vectors.refuse("t05: from larger to smaller", Code::ProofRange, with("old", json!(9)));
    vectors.refuse("no proof", Code::ProofLength, with("proof", json!([])));
    vectors.refuse("a hash left out", Code::ProofLength, with("proof", json!(proof[1..])));
    let mut empty = case(0, 5);
    empty["proof"] = json!([hex::encode([0; 32])]);
    vectors.refuse("a proof from nothing", Code::ProofConsistency, empty);
    let mut empty = case(0, 5);
    empty["old_root"] = json!(hex::encode([0; 32]));
    vectors.refuse("another root of nothing", Code::ProofConsistency, empty);
    vectors
}

pub fn subtree() -> Vectors {
    let mut vectors = Vectors::new(
        "subtree",
        "That the subtree over leaves [`start`, `end`) with `hash` stands in the tree (`size`, `root`): draft-ietf-plants-merkle-tree-certs, \"Subtree Consistency Proofs\".",
    );
    let case = |start: u64, end: u64, size: u64| {
        let tree = tree(size);
        let proof = proof::subtree(&tree, start, end, size).unwrap();
        json!({ "start": start, "end": end, "hash": hex::encode(subtree_hash(&tree, start, end).unwrap()),
            "size": size, "root": hex::encode(tree.root()), "proof": hexes(&proof) })
    };
    for (start, end, size) in [
        (0, 1, 1),
        (0, 8, 14),
        (4, 8, 14),
        (8, 13, 14),
        (8, 14, 14),
        (12, 13, 14),
        (12, 14, 14),
        (0, 256, 700),
        (256, 512, 700),
        (512, 700, 700),
        (512, 640, 700),
        (512, 600, 700),
    ] {
        vectors.accept(&format!("[{start}, {end}) of {size}"), case(start, end, size));
    }
    let good = case(8, 13, 14);
    let with = |field: &str, value: Value| {
        let mut case = good.clone();
        case[field] = value;
        case
    };
    let proof = good["proof"].as_array().unwrap();
    vectors.refuse("t10: other entries", Code::ProofSubtree, with("hash", json!(hex::encode([0; 32]))));
    vectors.refuse("another root", Code::ProofSubtree, with("root", json!(hex::encode([0; 32]))));
    vectors.refuse("a start that isn't aligned", Code::ProofRange, with("start", json!(7)));
    vectors.refuse("nothing", Code::ProofRange, with("end", json!(8)));
    vectors.refuse("beyond the tree", Code::ProofRange, with("end", json!(15)));
    vectors.refuse("without its seed", Code::ProofLength, with("proof", json!(proof[1..])));
    vectors
}

pub fn frontier() -> Vectors {
    let mut vectors = Vectors::new(
        "frontier",
        "The right edge of the tree over u64 leaves 0, 1, 2 …: `bytes` as stored, `root` over them, `next_root` with one leaf more.",
    );
    let case = |size: u64| {
        let frontier = Frontier::load(&tree(size), size).unwrap();
        json!({ "bytes": hex::encode(frontier.encode()), "size": size, "root": hex::encode(frontier.root()),
            "next_root": hex::encode(tree(size + 1).root()) })
    };
    for size in [0, 1, 2, 3, 7, 8, 255, 256, 1000] {
        vectors.accept(&format!("{size} leaves"), case(size));
    }
    let bytes = hex::decode(case(7)["bytes"].as_str().unwrap()).unwrap();
    for (name, bad) in [
        ("no bytes", Vec::new()),
        ("a hash too few", bytes[..bytes.len() - 32].to_vec()),
        ("a hash too many", [bytes.as_slice(), &[0; 32]].concat()),
        ("a byte too few", bytes[..bytes.len() - 1].to_vec()),
        ("another size", [&8_u64.to_be_bytes(), &bytes[8..]].concat()),
    ] {
        vectors.refuse(name, Code::ProofMalformed, json!({ "bytes": hex::encode(bad) }));
    }
    vectors
}

pub fn tiles() -> Vectors {
    let mut vectors = Vectors::new(
        "tile",
        "Paths of tiles and entry bundles (C2SP tlog-tiles) with level, number and width (a bundle has no level), and a bundle's bytes with its entries.",
    );
    for (level, number, width) in [(0, 0, 256), (0, 1_234_067, 256), (1, 0, 17), (7, 999, 1), (0, 1000, 255)]
    {
        let path = tile::TileId { level, number, width }.path();
        vectors
            .accept(&path.clone(), json!({ "path": path, "level": level, "number": number, "width": width }));
    }
    for (number, width) in [(0, 256), (1_234_067, 12)] {
        let path = tile::entries_path(number, width);
        vectors.accept(&path.clone(), json!({ "path": path, "number": number, "width": width }));
    }
    for path in [
        "tile/0/1",
        "tile/00/001",
        "tile/0/x000/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/05",
        "tile/64/001",
        "tile/0/x001",
        "tile/0/001/002",
        "/tile/0/001",
        "tile/entries/x001/x234",
    ] {
        vectors.refuse(path, Code::TileMalformed, json!({ "path": path }));
    }
    let entries = [vec![], vec![1; 34], vec![2; 300]];
    let bundle = tile::encode_entries(entries.iter().map(Vec::as_slice)).unwrap();
    let case = |bundle: &[u8], width: u32| json!({ "bundle": hex::encode(bundle), "width": width });
    let mut good = case(&bundle, 3);
    good["entries"] = json!(entries.iter().map(hex::encode).collect::<Vec<_>>());
    vectors.accept("three entries", good);
    vectors.refuse("an entry too few", Code::TileMalformed, case(&bundle, 4));
    vectors.refuse("an entry that ends early", Code::TileMalformed, case(&bundle[..bundle.len() - 1], 3));
    vectors.refuse("257 entries", Code::TileMalformed, case(&[0; 514], 257));
    vectors
}
