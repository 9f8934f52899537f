//! Rows to PostgreSQL by binary [COPY](https://www.postgresql.org/docs/current/sql-copy.html).

use sqlx::PgConnection;

use crate::store::Value;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Bytes that go to the server at a time: it takes them in while the next are made.
const PIECE: usize = 64 << 10;

/// Copies rows into the table and columns of `INSERT INTO t (a, b)`; returns how many.
pub(super) async fn rows(
    connection: &mut PgConnection,
    insert: &'static str,
    rows: impl Iterator<Item = Vec<Value>>,
) -> Result<u64, sqlx::Error> {
    let table = insert.strip_prefix("INSERT INTO ").unwrap_or(insert);
    let copy = format!("COPY {table} FROM STDIN (FORMAT binary)");
    let mut copying = connection.copy_in_raw(&copy).await?;
    let mut data = Vec::with_capacity(PIECE + (PIECE >> 2));
    data.extend(SIGNATURE);
    // No flags, no extension.
    data.extend([0; 8]);
    for values in rows {
        if let Err(error) = row(&mut data, &values) {
            copying.abort("a value is too long").await?;
            return Err(error);
        }
        if data.len() >= PIECE {
            copying.send(data.as_slice()).await?;
            data.clear();
        }
    }
    data.extend((-1_i16).to_be_bytes());
    copying.send(data).await?;
    copying.finish().await
}

fn row(data: &mut Vec<u8>, values: &[Value]) -> Result<(), sqlx::Error> {
    data.extend(i16::try_from(values.len()).map_err(too_long)?.to_be_bytes());
    values.iter().try_for_each(|value| field(data, value))
}

/// A field's length and bytes; the length -1 is NULL.
fn field(data: &mut Vec<u8>, value: &Value) -> Result<(), sqlx::Error> {
    match value {
        Value::Text(Some(text)) => sized(data, text.as_bytes()),
        Value::Bytes(Some(bytes)) => sized(data, bytes),
        Value::Int(Some(number)) => sized(data, &number.to_be_bytes()),
        Value::Real(Some(number)) => sized(data, &number.to_be_bytes()),
        Value::Bool(Some(yes)) => sized(data, &[(*yes).into()]),
        Value::Text(None) | Value::Bytes(None) | Value::Int(None) | Value::Real(None) | Value::Bool(None) => {
            data.extend((-1_i32).to_be_bytes());
            Ok(())
        }
    }
}

fn sized(data: &mut Vec<u8>, bytes: &[u8]) -> Result<(), sqlx::Error> {
    data.extend(i32::try_from(bytes.len()).map_err(too_long)?.to_be_bytes());
    data.extend(bytes);
    Ok(())
}

fn too_long(error: std::num::TryFromIntError) -> sqlx::Error {
    sqlx::Error::Encode(Box::new(error))
}
