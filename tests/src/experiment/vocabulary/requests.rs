//! Which request a line is about: center and VRS are made to say something, by one request at a time, and what each says then is judged.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::Report;
use super::super::steps::block_on;
use super::kind_of;
use crate::process::{Program, poll};
use crate::world::World;

/// How long a line may take.
const WITHIN: Duration = Duration::from_secs(10);

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Server {
    Center,
    Vrs,
}

/// A kind of line, and whose.
pub(super) type Line = (Server, &'static str);

/// What was said after something was done, by whom.
pub(super) type Said = [(Server, Value)];

/// What became of the ids of all that was said.
#[derive(Debug, Default)]
pub(super) struct Judge {
    ids: BTreeSet<String>,
    requests: usize,
    /// Kinds of lines that a request was to cause, and did.
    caused: BTreeSet<Line>,
    /// Lines that were to come, and did not.
    unheard: Vec<Line>,
    /// Lines that a request caused, and that do not say of which one they are.
    without: Vec<Line>,
    /// Requests that have more than one id in a program.
    several: usize,
    /// Ids that are of two requests, or in two programs' lines.
    shared: usize,
}

impl Judge {
    /// Of one request, which was to cause these.
    pub(super) fn request(&mut self, said: &Said, expected: &[Line]) {
        self.requests += 1;
        self.look(said, 1);
        for (server, kind) in expected {
            let is_it = |(own, line): &&(Server, Value)| own == server && kind_of(line) == *kind;
            let of_kind: Vec<_> = said.iter().filter(is_it).collect();
            let line = (*server, *kind);
            match of_kind.as_slice() {
                [] => self.unheard.push(line),
                lines if lines.iter().all(|(_, line)| id_of(line).is_some()) => {
                    self.caused.insert(line);
                }
                _ => self.without.push(line),
            }
        }
    }

    /// Of something that is no one request; these were to come of it.
    pub(super) fn other(&mut self, said: &Said, requests: usize, expected: &[Line]) {
        self.look(said, requests);
        let unheard = expected.iter().filter(|(server, kind)| {
            let is_it = |(own, line): &(Server, Value)| own == server && kind_of(line) == *kind;
            !said.iter().any(is_it)
        });
        self.unheard.extend(unheard);
    }

    /// So many requests there were, at most.
    fn look(&mut self, said: &Said, requests: usize) {
        for server in [Server::Center, Server::Vrs] {
            let of_server = said.iter().filter(|(own, _)| *own == server);
            let ids: BTreeSet<_> = of_server.filter_map(|(_, line)| id_of(line)).collect();
            self.several += usize::from(ids.len() > requests);
            for id in ids {
                self.shared += usize::from(!self.ids.insert(id.to_owned()));
            }
        }
    }

    /// At least so many kinds of lines have to have been caused.
    pub(super) fn report(&self, kinds: usize, report: &mut Report) {
        report.told("requests that were to cause a line", self.requests);
        let heard: Vec<_> = self.caused.iter().map(name).collect();
        report.told("kinds of lines that they caused", heard.join(", "));
        report.figure(
            format!("at least {kinds} kinds"),
            self.caused.len() >= kinds,
            true,
        );
        for (what, lines) in [
            ("lines that were to come and did not", &self.unheard),
            ("lines a request caused, without its id", &self.without),
        ] {
            report.figure(what, lines.len(), 0);
            if let Some(first) = lines.first() {
                report.told("  the first", name(first));
            }
        }
        report.figure("requests with two ids in a program", self.several, 0);
        report.figure("ids of two requests, or two programs", self.shared, 0);
    }

    /// What is wrong: lines that did not come, have no id, requests with several, ids of several.
    pub(super) fn wrong(&self) -> [usize; 4] {
        let (unheard, without) = (self.unheard.len(), self.without.len());
        [unheard, without, self.several, self.shared]
    }
}

fn name((server, kind): &Line) -> String {
    match server {
        Server::Center => format!("center: {kind}"),
        Server::Vrs => format!("vrs: {kind}"),
    }
}

fn id_of(line: &Value) -> Option<&str> {
    line.get("request")?.as_str()
}

/// Listens to both servers of a world.
pub(super) struct Witness {
    pub(super) world: World,
    pub(super) judge: Judge,
    /// All that was said.
    pub(super) lines: Vec<Vec<u8>>,
    /// Of which kinds, by whom.
    said: BTreeSet<(Server, String)>,
    /// How much of center's and VRS's logs is among them.
    read: [usize; 2],
}

impl Witness {
    /// What they said so far is nobody's.
    pub(super) fn of(world: World) -> Self {
        let mut own = Self {
            world,
            judge: Judge::default(),
            lines: Vec::new(),
            said: BTreeSet::new(),
            read: [0; 2],
        };
        own.listen();
        own
    }

    /// Has one request made, after what says nothing; these are to come of it.
    pub(super) fn request(
        &mut self,
        expected: &[Line],
        work: impl AsyncFnOnce(&World) -> io::Result<()>,
    ) -> io::Result<()> {
        block_on(work(&self.world))??;
        let said = self.heard(expected);
        self.judge.request(&said, expected);
        Ok(())
    }

    /// Has something done which is no one request; these are to come of it.
    pub(super) fn other(
        &mut self,
        expected: &[Line],
        requests: usize,
        work: impl AsyncFnOnce(&World) -> io::Result<()>,
    ) -> io::Result<()> {
        block_on(work(&self.world))??;
        let said = self.heard(expected);
        self.judge.other(&said, requests, expected);
        Ok(())
    }

    /// This comes by itself, or has come.
    pub(super) fn sometime(&mut self, line: Line) {
        let (server, kind) = line;
        let heard = poll(WITHIN, || {
            self.listen();
            self.said.contains(&(server, kind.to_owned())).then_some(())
        });
        if heard.is_none() {
            self.judge.unheard.push(line);
        }
    }

    /// Ends a server, and hears it out.
    pub(super) fn end(&mut self, server: Server) -> io::Result<()> {
        let (program, place) = match server {
            Server::Center => (&mut self.world.center, 0),
            Server::Vrs => (&mut self.world.vrs, 1),
        };
        let mut program: Program = program.take().ok_or(io::ErrorKind::NotFound)?;
        program.end()?;
        let said = program.log.raw();
        self.lines.extend_from_slice(&said[self.read[place]..]);
        self.read[place] = 0;
        Ok(())
    }

    /// What is new, once these are among it, or the time is over.
    fn heard(&mut self, expected: &[Line]) -> Vec<(Server, Value)> {
        let mut said = Vec::new();
        poll(WITHIN, || {
            said.extend(self.listen());
            let is_there = |(server, kind): &Line| {
                let is_it = |(own, line): &(Server, Value)| own == server && kind_of(line) == *kind;
                said.iter().any(is_it)
            };
            expected.iter().all(is_there).then_some(())
        });
        said
    }

    fn listen(&mut self) -> Vec<(Server, Value)> {
        let mut new = Vec::new();
        let servers = [
            (Server::Center, &self.world.center),
            (Server::Vrs, &self.world.vrs),
        ];
        for ((server, program), read) in servers.into_iter().zip(&mut self.read) {
            let said = program.as_ref().map(|it| it.log.raw()).unwrap_or_default();
            let said = said.get(*read..).unwrap_or_default();
            *read += said.len();
            // What is no JSON is told elsewhere.
            let parsed = said.iter().map(|line| serde_json::from_slice(line));
            let parsed: Vec<Value> = parsed.map(Result::unwrap_or_default).collect();
            let kinds = parsed.iter().map(|line| (server, kind_of(line)));
            self.said.extend(kinds);
            new.extend(parsed.into_iter().map(|line| (server, line)));
            self.lines.extend_from_slice(said);
        }
        new
    }
}

/// How many of four things that must not be the judge notices, once it has seen two requests in order.
pub(super) fn noticed() -> usize {
    let line = |id: &str| json!({"at": 1, "request": id, "event": "signer-refused"});
    let expected: &[Line] = &[(Server::Vrs, "signer-refused")];
    let wrong: [&Said; 4] = [
        &[(Server::Vrs, line("a"))],
        &[(Server::Vrs, line("c")), (Server::Vrs, line("d"))],
        &[(Server::Vrs, json!({"at": 1, "event": "signer-refused"}))],
        &[(Server::Center, line("e"))],
    ];
    let is_noticed = |said: &&&Said| {
        let mut judge = Judge::default();
        for id in ["a", "b"] {
            judge.request(&[(Server::Vrs, line(id))], expected);
        }
        let in_order = judge.wrong() == [0; 4];
        judge.request(said, expected);
        in_order && judge.wrong().iter().sum::<usize>() == 1
    };
    wrong.iter().filter(is_noticed).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_shared_doubled_or_missing_are_noticed() {
        let line = |id: &str| json!({"at": 1, "request": id, "event": "signer-refused"});
        let expected: &[Line] = &[(Server::Vrs, "signer-refused")];
        let mut judge = Judge::default();
        judge.request(&[(Server::Vrs, line("a"))], expected);
        judge.request(&[(Server::Vrs, line("b"))], expected);
        assert_eq!(judge.wrong(), [0; 4]);
        judge.request(&[(Server::Vrs, line("a"))], expected);
        assert_eq!(judge.wrong(), [0, 0, 0, 1]);
        judge.request(
            &[(Server::Vrs, line("c")), (Server::Center, line("c"))],
            expected,
        );
        assert_eq!(judge.wrong(), [0, 0, 0, 2]);
        judge.request(
            &[(Server::Vrs, line("d")), (Server::Vrs, line("e"))],
            expected,
        );
        assert_eq!(judge.wrong(), [0, 0, 1, 2]);
        let bare = json!({"at": 1, "event": "signer-refused"});
        judge.request(&[(Server::Vrs, bare)], expected);
        assert_eq!(judge.wrong(), [0, 1, 1, 2]);
        judge.request(&[(Server::Center, line("f"))], expected);
        assert_eq!(judge.wrong(), [1, 1, 1, 2]);
    }
}
