//! How far an organisation reaches. The first five are the levels by which federations in China are ordered:
//! 国家/部委, 省/自治区/直辖市, 地级市, 区县, 街道/社区.

/// From the widest to the nearest, then those that work between countries: a closed list.
pub const LEVELS: &[&str] = &["national", "province", "city", "district", "community", "international"];
