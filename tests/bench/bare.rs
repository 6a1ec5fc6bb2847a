//! The same bytes through nothing but the crate that reads them: what the ratios of `tests/bench/run.sh` are held to.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Write as _};

use calamine::Reader as _;
use quick_xml::events::Event;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, what, file] = arguments.as_slice() else { return Err("bare xml|csv|xlsx FILE".into()) };
    let counted = match what.as_str() {
        "xml" => xml(file)?,
        "csv" => csv(file)?,
        "xlsx" => xlsx(file)?,
        other => return Err(format!("nothing bare is called {other}").into()),
    };
    writeln!(std::io::stdout(), "{counted}")?;
    Ok(())
}

fn xml(file: &str) -> Result<u64, Box<dyn Error>> {
    let mut reader = quick_xml::Reader::from_reader(BufReader::with_capacity(256 << 10, File::open(file)?));
    let (mut buffer, mut events) = (Vec::new(), 0);
    loop {
        buffer.clear();
        if matches!(reader.read_event_into(&mut buffer)?, Event::Eof) {
            return Ok(events);
        }
        events += 1;
    }
}

fn csv(file: &str) -> Result<u64, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(file)?;
    let (mut record, mut rows) = (csv::StringRecord::new(), 0);
    while reader.read_record(&mut record)? {
        rows += 1;
    }
    Ok(rows)
}

fn xlsx(file: &str) -> Result<u64, Box<dyn Error>> {
    let mut workbook: calamine::Xlsx<_> = calamine::open_workbook(file)?;
    let name = workbook.sheet_names().into_iter().next().ok_or("no sheet")?;
    let mut cells = workbook.worksheet_cells_reader(&name)?;
    let mut count = 0;
    while cells.next_cell()?.is_some() {
        count += 1;
    }
    Ok(count)
}
