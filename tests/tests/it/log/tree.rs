//! Roots and proofs, against another implementation and published vectors.

use ct_merkle::{RootHash, mem_backed_tree::MemoryBackedTree};
use kiff::{
    log::{Frontier, ProofBuilder, Tree, TreeHead, verify_consistency, verify_inclusion},
    record::Digest,
};
use proptest::prelude::*;
use sha2::Sha256;

type Oracle = MemoryBackedTree<Sha256, Vec<u8>>;

fn record(index: u64) -> Vec<u8> {
    format!("record {index}").into_bytes()
}

fn leaf(index: u64) -> Digest {
    Digest::leaf(&record(index))
}

fn oracle(size: u64) -> Oracle {
    let mut tree = Oracle::new();
    (0..size).for_each(|index| tree.push(record(index)));
    tree
}

fn tree(size: u64) -> Tree<Vec<Digest>> {
    let mut tree = Tree::new(Vec::new());
    tree.extend((0..size).map(leaf)).unwrap();
    tree
}

fn head_of(root: &RootHash<Sha256>) -> TreeHead {
    let hash: [u8; 32] = root.as_bytes().as_slice().try_into().unwrap();
    TreeHead { size: root.num_leaves(), root: Digest::from_bytes(hash) }
}

fn joined(path: &[Digest]) -> Vec<u8> {
    path.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// What a log of this size proves of itself, is what the other implementation
/// proves.
fn check_size(size: u64, olds: impl Iterator<Item = u64>, indexes: impl Iterator<Item = u64>) {
    let (ours, theirs) = (tree(size), oracle(size));
    let head = ours.head();
    assert_eq!(head, head_of(&theirs.root()), "root of {size}");
    for index in indexes {
        let path = ours.inclusion(index, size).unwrap();
        let expected = theirs.prove_inclusion(usize::try_from(index).unwrap());
        assert_eq!(joined(&path), expected.as_bytes(), "inclusion of {index} in {size}");
        verify_inclusion(&leaf(index), index, &path, &head).unwrap();
    }
    for old in olds {
        let proof = ours.consistency(old, size).unwrap();
        let added = usize::try_from(size - old).unwrap();
        if added > 0 {
            assert_eq!(joined(&proof), theirs.prove_consistency(added).as_bytes(), "consistency of {old} in {size}");
        }
        verify_consistency(&ours.head_at(old).unwrap(), &head, &proof).unwrap();
    }
}

#[test]
fn roots_and_proofs_are_those_of_another_implementation() {
    (0..=130).for_each(|size| check_size(size, 1..=size, 0..size));
}

#[test]
fn a_proof_made_in_one_pass_is_that_of_the_tree() {
    const MOST: u64 = 130;
    let whole = tree(MOST);
    for target in 0..=MOST {
        let (mut inclusion, mut consistency) = (ProofBuilder::inclusion(target), ProofBuilder::consistency(target));
        for size in 0..=MOST {
            assert_eq!(inclusion.head(), whole.head_at(size).unwrap());
            match whole.inclusion(target, size) {
                Ok(path) => assert_eq!(inclusion.proof(), Ok(path), "inclusion of {target} in {size}"),
                Err(error) => assert_eq!(inclusion.proof().unwrap_err().code(), error.code()),
            }
            match whole.consistency(target, size) {
                Ok(proof) => assert_eq!(consistency.proof(), Ok(proof), "consistency of {target} in {size}"),
                Err(error) => assert_eq!(consistency.proof().unwrap_err().code(), error.code()),
            }
            inclusion.append(leaf(size));
            consistency.append(leaf(size));
        }
    }
}

/// The eight leaves and the roots that implementations of Certificate Transparency have in common.
#[test]
fn the_published_roots_are_reproduced() {
    let leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::new();
    for (record, root) in leaves.iter().zip(roots) {
        let bytes: Vec<u8> =
            (0..record.len() / 2).map(|at| u8::from_str_radix(&record[2 * at..2 * at + 2], 16).unwrap()).collect();
        frontier.append(Digest::leaf(&bytes));
        assert_eq!(frontier.head().root.to_string(), format!("sha256:{root}"));
    }
}

/// The tree of seven records in the worked example of the format.
#[test]
fn the_example_log_has_its_root_and_its_path() {
    let log = include_str!("../../../vectors/receipt/log.jsonl");
    let mut tree = Tree::new(Vec::new());
    tree.extend(log.lines().map(|record| Digest::leaf(record.as_bytes()))).unwrap();
    let expected = "sha256:cac098764eb7749fe8b561e38026a0959fde835abf2c9e0b9dfc6bd774fba2bc".parse();
    assert_eq!(tree.head(), TreeHead { size: 7, root: expected.unwrap() });
    let path: Vec<_> = tree.inclusion(5, 7).unwrap().iter().map(Digest::to_string).collect();
    assert_eq!(
        path,
        [
            "sha256:0ddbc9c95bf59b566c934f93af9d068e3fbb5dde1b0ddba3d19861e4b5dc3616",
            "sha256:0173eef88c85a26b95b1f95dfceb159cab96a6015dc0c2cb4631dde950cc27df",
            "sha256:90f225ce026d546a8a80fb11e7131e5f3aa9bb35024cb80aea6b45884635be8a",
        ]
    );
}

#[test]
fn what_no_proof_can_show_is_refused() {
    let tree = tree(7);
    let (head, empty) = (tree.head(), TreeHead::empty());
    let path = tree.inclusion(5, 7).unwrap();
    let proof = tree.consistency(5, 7).unwrap();
    let five = tree.head_at(5).unwrap();
    let inclusion = |index, path: &[Digest], head: &TreeHead| verify_inclusion(&leaf(5), index, path, head);
    let longer = |path: &[Digest]| [path, &[Digest::ZERO]].concat();
    let refused = [
        (inclusion(0, &[], &empty), "tree_empty"),
        (inclusion(7, &path, &head), "index_outside_tree"),
        (inclusion(u64::MAX, &path, &head), "index_outside_tree"),
        (inclusion(4, &path, &head), "root_mismatch"),
        (inclusion(5, &path[..2], &head), "proof_length"),
        (inclusion(5, &[], &head), "proof_length"),
        (inclusion(5, &longer(&path), &head), "proof_length"),
        (inclusion(5, &path, &TreeHead { size: 6, ..head }), "proof_length"),
        (verify_inclusion(&leaf(4), 5, &path, &head), "root_mismatch"),
        (verify_consistency(&empty, &head, &[]), "tree_empty"),
        (verify_consistency(&empty, &empty, &[]), "tree_empty"),
        (verify_consistency(&head, &five, &proof), "sizes_out_of_order"),
        (verify_consistency(&five, &head, &proof[1..]), "proof_length"),
        (verify_consistency(&five, &head, &[]), "proof_length"),
        (verify_consistency(&five, &head, &longer(&proof)), "proof_length"),
        (verify_consistency(&head, &head, &proof), "proof_length"),
        (verify_consistency(&head, &TreeHead { root: Digest::ZERO, ..head }, &[]), "root_mismatch"),
        (verify_consistency(&TreeHead { root: Digest::ZERO, ..five }, &head, &proof), "old_root_mismatch"),
        (verify_consistency(&five, &TreeHead { root: Digest::ZERO, ..head }, &proof), "root_mismatch"),
    ];
    for (number, (result, code)) in refused.into_iter().enumerate() {
        assert_eq!(result.unwrap_err().code(), code, "case {number}");
    }
    assert_eq!(tree.inclusion(7, 7).unwrap_err().code(), "index_outside_tree");
    assert_eq!(tree.inclusion(7, 9).unwrap_err().code(), "index_outside_tree");
    assert_eq!(tree.consistency(0, 7).unwrap_err().code(), "tree_empty");
    assert_eq!(tree.consistency(3, 8).unwrap_err().code(), "sizes_out_of_order");
    assert_eq!(tree.head_at(8).unwrap_err().code(), "sizes_out_of_order");
}

/// A path fits every size that gives it the same form, so a size must come from a signed checkpoint.
#[test]
fn a_path_does_not_prove_the_size() {
    let tree = tree(7);
    let path = tree.inclusion(5, 7).unwrap();
    assert_eq!(verify_inclusion(&leaf(5), 5, &path, &TreeHead { size: 8, ..tree.head() }), Ok(()));
}

/// An interior node is not a record: its hash has another prefix.
#[test]
fn a_node_cannot_pass_for_a_record() {
    let tree = tree(4);
    let node = Digest::node(&leaf(0), &leaf(1));
    let shorter = [Digest::node(&leaf(2), &leaf(3))];
    // With the size of the tree cut in half the node would stand where a leaf does.
    assert!(verify_inclusion(&node, 0, &shorter, &tree.head()).is_err());
    let record = [[leaf(0), leaf(1)].map(|hash| *hash.as_bytes()).concat()].concat();
    assert_ne!(Digest::leaf(&record), node);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn larger_trees_are_those_of_another_implementation(size in 131u64..3_000, at in prop::collection::vec(any::<u64>(), 8)) {
        check_size(size, at.iter().map(|at| at % size + 1), at.iter().map(|at| at % size));
    }
}

proptest! {
    #[test]
    fn no_proof_holds_for_anything_else(
        size in 1u64..80, index in any::<u64>(), other in any::<u64>(), bit in any::<usize>()
    ) {
        let (tree, index, other) = (tree(size), index % size, other % size);
        let head = tree.head();
        let path = tree.inclusion(index, size).unwrap();
        if other != index {
            prop_assert!(verify_inclusion(&leaf(index), other, &path, &head).is_err());
            prop_assert!(verify_inclusion(&leaf(other), index, &path, &head).is_err());
        }
        if let Some(changed) = with_bit_flipped(&path, bit) {
            prop_assert!(verify_inclusion(&leaf(index), index, &changed, &head).is_err());
        }
        let old = other + 1;
        let proof = tree.consistency(old, size).unwrap();
        if let Some(changed) = with_bit_flipped(&proof, bit) {
            prop_assert!(verify_consistency(&tree.head_at(old).unwrap(), &head, &changed).is_err());
        }
    }
}

fn with_bit_flipped(path: &[Digest], bit: usize) -> Option<Vec<Digest>> {
    let mut changed = path.to_vec();
    let at = (bit / 256).checked_rem(path.len())?;
    let mut bytes = *path[at].as_bytes();
    bytes[bit / 8 % 32] ^= 1 << (bit % 8);
    changed[at] = Digest::from_bytes(bytes);
    Some(changed)
}
