//! The names of an XML export: which element and attribute means what, and the path of each.
//!
//! Every element is looked up once for each place it can stand in; after that it is found by comparing its name with
//! those of its neighbours, which are few.

use std::sync::Arc;

use super::headings::Dictionary;
use super::record::Column;

/// What an element is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Outside,
    Step,
    Form,
    /// Holds further elements of the head: subjects, the template's description.
    Group,
    Subject,
    /// Holds a form's answers.
    Answers,
    /// Its text is a value of the head.
    Leaf(Column),
    Collection,
    Row,
    Answer,
    Lookup,
    /// Known and not needed.
    Known,
    Unknown,
}

/// What an attribute is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    Head(Column),
    Code,
    Wording,
    Datatype,
    Collection,
    Row,
    /// The person that a row or an answer is about.
    About,
    SubjectType,
    Nil,
    Other,
}

/// Where an element stands among the names that have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(u32);

impl NodeId {
    /// The number by which a place names the element's path.
    pub(super) const fn number(self) -> u32 {
        self.0
    }
}

struct Node {
    tag: Tag,
    /// The name as the file spells it, with its prefix.
    name: Box<str>,
    path: Arc<str>,
    children: Vec<(Box<str>, NodeId)>,
    attributes: Vec<(Box<str>, Attribute)>,
}

/// A fresh node.
fn node(tag: Tag, name: &str, path: &str) -> Node {
    Node { tag, name: name.into(), path: path.into(), children: Vec::new(), attributes: Vec::new() }
}

/// Nodes and attributes that are remembered: more are no export.
const NODES_MAX: usize = 2_000;
const ATTRIBUTES_MAX: usize = 100;

/// The names of one file.
pub(super) struct Names {
    nodes: Vec<Node>,
}

impl Names {
    pub(super) fn new() -> Self {
        Self { nodes: vec![node(Tag::Outside, "", ""), node(Tag::Unknown, "", "…")] }
    }

    /// What stands around submissions.
    pub(super) const OUTSIDE: NodeId = NodeId(0);

    pub(super) fn tag(&self, node: NodeId) -> Tag {
        self.node(node).map_or(Tag::Unknown, |node| node.tag)
    }

    /// The name of an element, as the file spells it.
    pub(super) fn name(&self, node: NodeId) -> &str {
        self.node(node).map_or("", |node| &*node.name)
    }

    pub(super) fn path(&self, node: NodeId) -> Arc<str> {
        self.node(node).map_or_else(|| "".into(), |node| Arc::clone(&node.path))
    }

    /// The paths of all nodes, by their numbers.
    pub(super) fn paths(&self) -> Vec<Arc<str>> {
        self.nodes.iter().map(|node| Arc::clone(&node.path)).collect()
    }

    /// How many names there are: when it grows, the paths have to be handed on again.
    pub(super) const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The element `name` below `parent`.
    pub(super) fn child(&mut self, parent: NodeId, name: &str, dictionary: &Dictionary) -> NodeId {
        if let Some(found) = self
            .node(parent)
            .and_then(|node| node.children.iter().find(|(known, _)| &**known == name).map(|(_, child)| *child))
        {
            return found;
        }
        self.add(parent, name, dictionary)
    }

    /// What the attribute `name` of an element means.
    pub(super) fn attribute(&mut self, node: NodeId, name: &str, dictionary: &Dictionary) -> Attribute {
        let Some(node) = usize::try_from(node.0).ok().and_then(|index| self.nodes.get_mut(index)) else {
            return Attribute::Other;
        };
        if let Some((_, known)) = node.attributes.iter().find(|(known, _)| &**known == name) {
            return *known;
        }
        let meaning = attribute(node.tag, name, dictionary);
        if node.attributes.len() < ATTRIBUTES_MAX {
            node.attributes.push((name.into(), meaning));
        }
        meaning
    }

    fn add(&mut self, parent: NodeId, name: &str, dictionary: &Dictionary) -> NodeId {
        const BEYOND: NodeId = NodeId(1);
        let Some(above) = self.node(parent) else { return BEYOND };
        let local = local(name);
        let tag = tag(above.tag, local, dictionary);
        let path = if above.path.is_empty() { local.to_owned() } else { format!("{}/{local}", above.path) };
        let Some(id) = u32::try_from(self.nodes.len()).ok().filter(|_| self.nodes.len() < NODES_MAX) else {
            return BEYOND;
        };
        self.nodes.push(node(tag, name, &path));
        let id = NodeId(id);
        if let Some(above) = usize::try_from(parent.0).ok().and_then(|index| self.nodes.get_mut(index)) {
            above.children.push((name.into(), id));
        }
        id
    }

    fn node(&self, node: NodeId) -> Option<&Node> {
        usize::try_from(node.0).ok().and_then(|index| self.nodes.get(index))
    }
}

/// Whether an element of this name is a step.
pub(super) fn is_step(name: &str) -> bool {
    local(name).eq_ignore_ascii_case("WorkflowStep")
}

/// Whether an element of this name is a submission where none is open.
pub(super) fn is_record(name: &str) -> bool {
    is_step(name) || local(name).eq_ignore_ascii_case("Form")
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn tag(parent: Tag, name: &str, dictionary: &Dictionary) -> Tag {
    let named = |wanted: &str| name.eq_ignore_ascii_case(wanted);
    match parent {
        _ if is_step(name) => Tag::Step,
        Tag::Outside | Tag::Step | Tag::Group if named("Form") => Tag::Form,
        Tag::Step if named("Forms") => Tag::Group,
        Tag::Step | Tag::Form | Tag::Group if named("Subjects") || named("TemplateMetaData") => Tag::Group,
        Tag::Step | Tag::Form | Tag::Group if named("Subject") => Tag::Subject,
        Tag::Step | Tag::Form | Tag::Group if named("Context") => Tag::Known,
        Tag::Form if named("Answers") || named("Questions") => Tag::Answers,
        Tag::Form | Tag::Answers | Tag::Collection | Tag::Row if named("Answer") => Tag::Answer,
        Tag::Form | Tag::Answers | Tag::Row if named("QuestionCollection") => Tag::Collection,
        Tag::Collection if named("Row") => Tag::Row,
        Tag::Answer if named("Lookup") => Tag::Lookup,
        Tag::Step | Tag::Form | Tag::Group => {
            dictionary.code(name).and_then(Column::parse).map_or(Tag::Unknown, Tag::Leaf)
        }
        _ => Tag::Unknown,
    }
}

fn attribute(tag: Tag, name: &str, dictionary: &Dictionary) -> Attribute {
    let local = local(name);
    let named = |wanted: &str| local.eq_ignore_ascii_case(wanted);
    match tag {
        Tag::Step if named("id") => return Attribute::Head(Column::WorkflowStepId),
        Tag::Form if named("id") => return Attribute::Head(Column::FormId),
        Tag::Collection if named("id") => return Attribute::Collection,
        Tag::Row if named("id") => return Attribute::Row,
        Tag::Answer if named("code") => return Attribute::Code,
        Tag::Subject if named("subjectTypeCode") => return Attribute::SubjectType,
        Tag::Subject if named("id") => return Attribute::Head(Column::PersonId),
        Tag::Answer if named("nil") => return Attribute::Nil,
        _ => {}
    }
    match dictionary.code(local) {
        Some("question_user_code") => Attribute::Code,
        Some("question_text") => Attribute::Wording,
        Some("answer_datatype") => Attribute::Datatype,
        Some("question_collection_id") => Attribute::Collection,
        Some("form_answer_row_id") => Attribute::Row,
        Some("handler_row_identifier" | "subject_person_id") => Attribute::About,
        Some(code) => Column::parse(code).map_or(Attribute::Other, Attribute::Head),
        None => Attribute::Other,
    }
}
