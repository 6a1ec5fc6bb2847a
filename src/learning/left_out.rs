//! Which numbers are left out of figures that are passed on, so that nobody is known by a small number.
//!
//! A number from 1 to 4 is left out. Whoever knows the sums could work it out from its neighbours, so that others are
//! left out beside it, until for each that is left out there is a second table with the same published numbers and
//! another number in its place. Such a table is found, not assumed: without one the next number is left out too.

/// Numbers below this, and not nothing, are small.
pub const FEWER_THAN: u64 = 5;

/// Steps of the search for another table; where that many do not find one, another number is left out.
const STEPS_MAX: u32 = 4_000;

/// A number that is the sum of others, by their places in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// The sum.
    pub total: usize,
    /// What it is the sum of.
    pub parts: Vec<usize>,
}

/// Which of these numbers are left out. A reader knows all sums, that what is left out is no zero, and how it is chosen.
pub fn left_out(numbers: &[u64], sums: &[Sum]) -> Vec<bool> {
    let mut table = Table::new(numbers, sums);
    while let Some(next) = table.lonely().and_then(|sum| table.next_of(&[sum])) {
        table.leave_out(next);
    }
    let mut proved = vec![false; numbers.len()];
    for cell in 0..numbers.len() {
        while table.is_out(cell) && !proved.get(cell).is_some_and(|proved| *proved) {
            if let Some(other) = table.another(cell) {
                other.iter().for_each(|moved| mark(&mut proved, *moved));
                continue;
            }
            let (own, open) = (table.sums_of(cell).to_vec(), table.open_sums());
            let Some(next) = table.next_of(&own).or_else(|| table.next_of(&open)) else { break };
            table.leave_out(next);
        }
    }
    // What was left out on the way stands in sums with others that are.
    match (0..numbers.len()).find(|cell| table.is_out(*cell) && !proved.get(*cell).is_some_and(|proved| *proved)) {
        Some(_) => numbers.iter().map(|number| *number > 0).collect(),
        None => table.out,
    }
}

fn mark(marks: &mut [bool], cell: usize) {
    if let Some(mark) = marks.get_mut(cell) {
        *mark = true;
    }
}

struct Table<'n> {
    numbers: &'n [u64],
    sums: &'n [Sum],
    /// The sums in which each number stands.
    sums_of: Vec<Vec<usize>>,
    out: Vec<bool>,
    /// How many numbers of each sum are left out, itself among them.
    out_in: Vec<usize>,
}

impl<'n> Table<'n> {
    fn new(numbers: &'n [u64], sums: &'n [Sum]) -> Self {
        let mut sums_of = vec![Vec::new(); numbers.len()];
        for (at, sum) in sums.iter().enumerate() {
            for cell in sum.cells() {
                if let Some(own) = sums_of.get_mut(cell) {
                    own.push(at);
                }
            }
        }
        let out = vec![false; numbers.len()];
        let mut table = Self { numbers, sums, sums_of, out, out_in: vec![0; sums.len()] };
        let small = numbers.iter().enumerate().filter(|(_, number)| (1..FEWER_THAN).contains(*number));
        small.for_each(|(cell, _)| table.leave_out(cell));
        table
    }

    fn is_out(&self, cell: usize) -> bool {
        self.out.get(cell).is_some_and(|out| *out)
    }

    fn leave_out(&mut self, cell: usize) {
        if self.is_out(cell) {
            return;
        }
        mark(&mut self.out, cell);
        for sum in self.sums_of.get(cell).into_iter().flatten() {
            if let Some(count) = self.out_in.get_mut(*sum) {
                *count += 1;
            }
        }
    }

    fn sums_of(&self, cell: usize) -> &[usize] {
        self.sums_of.get(cell).map(Vec::as_slice).unwrap_or_default()
    }

    fn number(&self, cell: usize) -> u64 {
        self.numbers.get(cell).copied().unwrap_or(0)
    }

    /// A sum in which only one number is left out, which the others give away.
    fn lonely(&self) -> Option<usize> {
        self.out_in.iter().position(|count| *count == 1)
    }

    /// The sums in which anything is left out.
    fn open_sums(&self) -> Vec<usize> {
        let open = self.out_in.iter().enumerate().filter(|(_, count)| **count > 0);
        open.map(|(at, _)| at).collect()
    }

    /// What is left out next of some sums: what makes the fewest other sums give it away, a part before a sum, the
    /// smallest number.
    fn next_of(&self, sums: &[usize]) -> Option<usize> {
        let cells = sums.iter().filter_map(|at| self.sums.get(*at)).flat_map(Sum::cells);
        let left_in = cells.filter(|cell| !self.is_out(*cell) && self.number(*cell) > 0);
        left_in.min_by_key(|cell| {
            let own = self.sums_of(*cell);
            let alone = own.iter().filter(|at| self.out_in.get(**at) == Some(&0)).count();
            let totals = own.iter().filter(|at| self.sums.get(**at).is_some_and(|sum| sum.total == *cell)).count();
            (alone, totals, self.number(*cell), *cell)
        })
    }

    /// The numbers that differ in another table in which that of a cell does, and all sums and published numbers hold.
    fn another(&self, cell: usize) -> Option<Vec<usize>> {
        [1, -1].into_iter().find_map(|step| {
            let (by, over) = (vec![0; self.numbers.len()], vec![0; self.sums.len()]);
            let mut moved = Moved { table: self, by, over, steps: STEPS_MAX };
            (moved.step(cell, step) && moved.mend()).then(|| moved.cells())
        })
    }
}

impl Sum {
    fn cells(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.total).chain(self.parts.iter().copied())
    }
}

/// A table that is to differ from the true one, on the way to one in which all sums hold.
struct Moved<'t, 'n> {
    table: &'t Table<'n>,
    /// By how much each number is moved.
    by: Vec<i8>,
    /// By how much the parts of each sum are more than it.
    over: Vec<i64>,
    steps: u32,
}

impl Moved<'_, '_> {
    fn by(&self, cell: usize) -> i8 {
        self.by.get(cell).copied().unwrap_or(0)
    }

    fn set(&mut self, cell: usize, step: i8) {
        let change = i64::from(step) - i64::from(self.by(cell));
        if let Some(by) = self.by.get_mut(cell) {
            *by = step;
        }
        for at in self.table.sums_of(cell) {
            let is_total = self.table.sums.get(*at).is_some_and(|sum| sum.total == cell);
            if let Some(over) = self.over.get_mut(*at) {
                *over += if is_total { -change } else { change };
            }
        }
    }

    /// Moves a number by one; it is at least one afterwards.
    fn step(&mut self, cell: usize, step: i8) -> bool {
        let may = self.table.is_out(cell) && self.by(cell) == 0 && (step > 0 || self.table.number(cell) > 1);
        if may {
            self.set(cell, step);
        }
        may
    }

    /// Moves further numbers until all sums hold.
    fn mend(&mut self) -> bool {
        let table = self.table;
        let wrong = self.over.iter().zip(table.sums).find(|(over, _)| **over != 0);
        let Some((over, sum)) = wrong.map(|(over, sum)| (*over, sum)) else { return true };
        if self.steps == 0 {
            return false;
        }
        self.steps -= 1;
        let step: i8 = if over > 0 { -1 } else { 1 };
        let parts = sum.parts.iter().map(|cell| (*cell, step));
        let mut ways: Vec<(usize, i8)> = parts.chain([(sum.total, -step)]).collect();
        ways.retain(|(cell, _)| table.is_out(*cell) && self.by(*cell) == 0);
        ways.sort_by_cached_key(|(cell, step)| {
            self.set(*cell, *step);
            let own = table.sums_of(*cell).iter().filter_map(|at| self.over.get(*at));
            let wrong = own.filter(|over| **over != 0).count();
            self.set(*cell, 0);
            wrong
        });
        for (cell, step) in ways {
            if self.step(cell, step) {
                if self.mend() {
                    return true;
                }
                self.set(cell, 0);
            }
        }
        false
    }

    fn cells(&self) -> Vec<usize> {
        (0..self.by.len()).filter(|cell| self.by(*cell) != 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// A table with its sums: rows of parts with their totals, and a last row with the sum of each column.
    fn squared(rows: &[Vec<u64>]) -> (Vec<u64>, Vec<Sum>) {
        let width = rows[0].len();
        let mut all: Vec<Vec<u64>> = rows.to_vec();
        all.push((0..width).map(|column| rows.iter().map(|row| row[column]).sum()).collect());
        let at = |row: usize, column: usize| row * (width + 1) + column;
        let mut numbers = Vec::new();
        let mut sums = Vec::new();
        for (row, parts) in all.iter().enumerate() {
            numbers.extend(parts);
            numbers.push(parts.iter().sum());
            sums.push(Sum { total: at(row, width), parts: (0..width).map(|column| at(row, column)).collect() });
        }
        for column in 0..=width {
            let parts = (0..rows.len()).map(|row| at(row, column)).collect();
            sums.push(Sum { total: at(rows.len(), column), parts });
        }
        (numbers, sums)
    }

    /// What a reader can work out: the numbers that each cell may have, among those up to a bound, tried one by one.
    fn possible(numbers: &[u64], sums: &[Sum], out: &[bool], most: u64) -> Vec<BTreeSet<u64>> {
        fn fits(numbers: &[Option<u64>], sums: &[Sum]) -> bool {
            sums.iter().all(|sum| {
                let known: u64 = sum.parts.iter().filter_map(|cell| numbers[*cell]).sum();
                let open = sum.parts.iter().filter(|cell| numbers[**cell].is_none()).count() as u64;
                numbers[sum.total].is_none_or(|total| if open == 0 { known == total } else { known + open <= total })
            })
        }
        fn go(told: &mut Vec<Option<u64>>, sums: &[Sum], most: u64, found: &mut Vec<BTreeSet<u64>>, steps: &mut u32) {
            *steps += 1;
            if !fits(told, sums) || *steps > 200_000 {
                return;
            }
            // A cell that a sum gives away needs no trying.
            let given = sums.iter().find_map(|sum| {
                let open: Vec<usize> =
                    sum.parts.iter().chain([&sum.total]).copied().filter(|cell| told[*cell].is_none()).collect();
                let [only] = open[..] else { return None };
                let parts: u64 = sum.parts.iter().filter_map(|cell| told[*cell]).sum();
                Some((
                    only,
                    if only == sum.total { Some(parts) } else { told[sum.total].and_then(|t| t.checked_sub(parts)) },
                ))
            });
            let (cell, values) = match given {
                Some((_, None)) => return,
                Some((cell, Some(value))) => (cell, value..=value),
                None => match told.iter().position(Option::is_none) {
                    Some(cell) => (cell, 1..=most),
                    None => {
                        found.iter_mut().zip(told.iter()).for_each(|(found, told)| {
                            found.insert(told.unwrap());
                        });
                        return;
                    }
                },
            };
            for value in values {
                if value >= 1 {
                    told[cell] = Some(value);
                    go(told, sums, most, found, steps);
                    told[cell] = None;
                }
            }
        }
        let mut told: Vec<Option<u64>> = numbers.iter().zip(out).map(|(n, out)| (!out).then_some(*n)).collect();
        let mut found = vec![BTreeSet::new(); numbers.len()];
        go(&mut told, sums, most, &mut found, &mut 0);
        found
    }

    /// That nothing that is left out can be worked out.
    fn holds(numbers: &[u64], sums: &[Sum], out: &[bool]) {
        for (number, out) in numbers.iter().zip(out) {
            assert!(*out || !(1..FEWER_THAN).contains(number), "{numbers:?} {out:?}");
            assert!(!out || *number > 0, "a zero may be shown: {numbers:?}");
        }
        for sum in sums {
            let count = sum.cells().filter(|cell| out[*cell]).count();
            assert_ne!(count, 1, "{sum:?} gives one away: {numbers:?} {out:?}");
        }
    }

    #[test]
    fn what_is_left_out_stands_beside_others() {
        for (rows, wanted) in [
            // Nothing is small.
            (vec![vec![5, 7], vec![0, 9]], vec![false; 9]),
            // One small number takes a square with it.
            (vec![vec![3, 20], vec![30, 40]], vec![true, true, false, true, true, false, false, false, false]),
            // Two that are one each are given away by their sum, which goes too.
            (vec![vec![1, 1]], vec![true; 6]),
        ] {
            let (numbers, sums) = squared(&rows);
            let out = left_out(&numbers, &sums);
            assert_eq!(out, wanted, "{numbers:?}");
            holds(&numbers, &sums, &out);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_number_that_is_left_out_can_be_worked_out(
            rows in (1..4_usize, 1..4_usize).prop_flat_map(|(height, width)| {
                let number = prop_oneof![Just(0_u64), 1..4_u64, 1..9_u64, 5..14_u64];
                prop::collection::vec(prop::collection::vec(number, width), height)
            })
        ) {
            let (numbers, sums) = squared(&rows);
            let out = left_out(&numbers, &sums);
            holds(&numbers, &sums, &out);
            // The true table is among those that are tried, and so is one more of each number.
            let most = numbers.iter().max().unwrap() + 2;
            if out.iter().filter(|out| **out).count() <= 9 {
                let possible = possible(&numbers, &sums, &out, most);
                for (cell, values) in possible.iter().enumerate().filter(|(cell, _)| out[*cell]) {
                    prop_assert!(values.len() > 1, "cell {} of {:?} is {:?}: {:?}", cell, numbers, values, out);
                }
            }
        }

        /// Five years of a panel that hears few, at once.
        #[test]
        fn the_largest_table_takes_no_time(rows in prop::collection::vec(prop::collection::vec(0..4_u64, 7), 60)) {
            let (numbers, sums) = squared(&rows);
            let began = std::time::Instant::now();
            holds(&numbers, &sums, &left_out(&numbers, &sums));
            prop_assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
        }

        #[test]
        fn large_tables_are_safe_too(rows in prop::collection::vec(prop::collection::vec(0..40_u64, 5), 12)) {
            let (numbers, sums) = squared(&rows);
            holds(&numbers, &sums, &left_out(&numbers, &sums));
        }
    }
}
