//! Listings from files: checked row by row, published once, by those who may, through restarts.

use std::time::Duration;

use futures::stream;
use rstest::rstest;
use tonic::transport::Channel;
use volbridge_node::Node;
use volbridge_proto::wire::node::v1::{
    self as wire, desk_client::DeskClient, imports_client::ImportsClient, listings_client::ListingsClient,
};

use crate::{
    accounts::{Person, person, role, with},
    node::{TestNode, problem},
    place::{Place, postgres, sqlite},
};

const PATIENCE: Duration = Duration::from_secs(120);
const HEADER: &str = "编号,项目名称（中文）,标题（英文）,摘要（中文）,介绍,国家,费用（中文）,联系方式,招募对象,岗位,招募人数,备注\n";

fn row(number: usize, slots: &str) -> String {
    format!(
        "{number},支教{number},Teaching {number},在乡村教书,每周授课,CN,无,a@b.example,不限,教师,{slots},x\n"
    )
}

/// Twenty rows; those with these numbers have a fault.
fn table(rows: usize, faulty: &[usize]) -> String {
    let rows = (1..=rows).map(|number| row(number, if faulty.contains(&number) { "many" } else { "3" }));
    HEADER.to_owned() + &rows.collect::<String>()
}

fn meaning() -> Vec<wire::ImportMeaning> {
    let said = [("介绍", "description_zh"), ("备注", "")];
    said.map(|(header, column)| wire::ImportMeaning { header: header.into(), column: column.into() }).into()
}

fn setting(organisation: &[u8]) -> wire::ImportSetting {
    wire::ImportSetting { organisation: organisation.to_vec(), columns: meaning(), ..Default::default() }
}

fn pieces(name: &str, setting: wire::ImportSetting, text: &str) -> Vec<wire::UploadImportRequest> {
    let mut pieces = vec![wire::UploadImportRequest {
        name: name.to_owned(),
        setting: Some(setting),
        ..Default::default()
    }];
    let parts = text.as_bytes().chunks(1_000);
    pieces.extend(parts.map(|data| wire::UploadImportRequest { data: data.to_vec(), ..Default::default() }));
    pieces.push(wire::UploadImportRequest { last: true, ..Default::default() });
    pieces
}

/// Who calls: somebody's session, or the machine's token.
struct Desk<'a> {
    channel: Channel,
    secret: &'a str,
}

impl Desk<'_> {
    fn client(&self) -> ImportsClient<Channel> {
        ImportsClient::new(self.channel.clone())
    }

    async fn bring(
        &self,
        setting: wire::ImportSetting,
        text: &str,
    ) -> Result<wire::Import, (String, String)> {
        let pieces = pieces("listings.csv", setting, text);
        let answer = self.client().upload(with(self.secret, stream::iter(pieces))).await;
        answer.map(tonic::Response::into_inner).map_err(|status| refused(&status))
    }

    async fn get(&self, id: &[u8]) -> Result<wire::Import, (String, String)> {
        let answer = self.client().get(with(self.secret, wire::ImportRequest { id: id.to_vec() })).await;
        answer.map(tonic::Response::into_inner).map_err(|status| refused(&status))
    }

    async fn start(&self, id: &[u8]) -> Result<wire::Import, (String, String)> {
        let answer = self.client().start(with(self.secret, wire::ImportRequest { id: id.to_vec() })).await;
        answer.map(tonic::Response::into_inner).map_err(|status| refused(&status))
    }

    async fn end(&self, id: &[u8]) -> Result<(), (String, String)> {
        let answer = self.client().cancel(with(self.secret, wire::ImportRequest { id: id.to_vec() })).await;
        answer.map(drop).map_err(|status| refused(&status))
    }

    /// The import once this is so of it.
    async fn when(&self, id: &[u8], is: impl Fn(&wire::Import) -> bool) -> wire::Import {
        let seen = async {
            loop {
                let import = self.get(id).await.unwrap();
                if is(&import) {
                    return import;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, seen).await.expect("it never came so far")
    }

    async fn in_state(&self, id: &[u8], state: &str) -> wire::Import {
        self.when(id, |import| import.state == state).await
    }

    async fn faults(&self, id: &[u8]) -> Vec<(u64, String, String)> {
        let mut faults = Vec::new();
        let mut request = wire::ImportPageRequest { id: id.to_vec(), limit: 2, cursor: String::new() };
        loop {
            let page = self.client().faults(with(self.secret, request.clone())).await.unwrap().into_inner();
            faults.extend(page.faults.into_iter().map(|fault| (fault.row, fault.column, fault.code)));
            if page.next_cursor.is_empty() {
                return faults;
            }
            request.cursor = page.next_cursor;
        }
    }

    /// References and outcomes.
    async fn listings(&self, id: &[u8]) -> Vec<wire::ImportedListing> {
        let request = wire::ImportPageRequest { id: id.to_vec(), limit: 100, cursor: String::new() };
        self.client().listings(with(self.secret, request)).await.unwrap().into_inner().listings
    }

    /// Through all its steps.
    async fn publish(&self, setting: wire::ImportSetting, text: &str) -> wire::Import {
        let import = self.bring(setting, text).await.unwrap();
        self.in_state(&import.id, "ready").await;
        self.start(&import.id).await.unwrap();
        self.in_state(&import.id, "done").await
    }
}

fn refused(status: &tonic::Status) -> (String, String) {
    let (_, code, field) = problem(status);
    (code, field)
}

fn machine(node: &TestNode) -> Desk<'_> {
    let secret = node.token.to_str().unwrap().trim_start_matches("Bearer ");
    Desk { channel: node.channel.clone(), secret }
}

fn at<'a>(node: &TestNode, person: &'a Person) -> Desk<'a> {
    Desk { channel: node.channel.clone(), secret: &person.session }
}

async fn published(channel: &Channel) -> u64 {
    let request = wire::ListListingsRequest { limit: 1, ..Default::default() };
    ListingsClient::new(channel.clone()).list(request).await.unwrap().into_inner().total
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_table_is_checked_cell_by_cell_and_what_has_no_fault_is_published_once(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let desk = machine(&node);

    // First without a word on the columns: one isn't understood, and so each listing lacks its description.
    let without = wire::ImportSetting { columns: Vec::new(), ..setting(&organisation) };
    let import = desk.bring(without, &table(30, &[7, 21])).await.unwrap();
    let import = desk.in_state(&import.id, "ready").await;
    assert_eq!((import.total, import.good, import.faulty), (30, 0, 30));
    let preview = import.preview.unwrap();
    let column = &preview.columns[4];
    assert_eq!((column.header.as_str(), column.column.as_str()), ("介绍", ""));
    assert_eq!(column.examples, ["每周授课"]);
    assert_eq!(preview.columns[2].column, "title_en");
    assert_eq!(desk.start(&import.id).await.unwrap_err().0, "draft.faulty");

    let said = wire::ConfigureImportRequest { id: import.id.clone(), setting: Some(setting(&organisation)) };
    let import = desk.client().configure(with(desk.secret, said)).await.unwrap().into_inner();
    let import = desk.in_state(&import.id, "ready").await;
    assert_eq!((import.total, import.good, import.faulty, import.may_start), (30, 28, 2, true));
    let rows = import.preview.unwrap().rows;
    assert_eq!((rows.len(), rows[0].row, rows[0].reference.as_str()), (20, 2, "1"));
    assert_eq!(rows[0].listing.as_ref().unwrap().title, "支教1");
    assert_eq!(rows[0].translations[0].fields["title"], "Teaching 1");
    assert!(rows[6].faulty && !rows[7].faulty);
    let expected = [8, 22].map(|row| (row, "招募人数".to_owned(), "field.invalid".to_owned()));
    assert_eq!(desk.faults(&import.id).await, expected);
    assert_eq!(published(&node.channel).await, 0, "nothing is published before somebody says so");

    desk.start(&import.id).await.unwrap();
    let done = desk.in_state(&import.id, "done").await;
    assert_eq!((done.done, done.published, done.faulty), (30, 28, 2));
    assert_eq!(desk.faults(&import.id).await, expected);
    assert_eq!(published(&node.channel).await, 28);
    let listings = desk.listings(&import.id).await;
    let first = wire::GetSubjectRequest { subject: listings[0].subject.clone(), ..Default::default() };
    let view = node.listings().get(first).await.unwrap().into_inner();
    assert!(view.texts.iter().any(|text| text.language == "en" && text.fields["title"] == "Teaching 1"));

    // The same again with one mended, one new, and one that says something else.
    node.clock.advance(60_000);
    let mended = table(31, &[21]).replace("支教3,", "乡村支教,");
    let again = desk.publish(setting(&organisation), &mended).await;
    let counts = (again.published, again.revised, again.unchanged, again.faulty);
    assert_eq!(counts, (2, 1, 27, 1), "{:?}", desk.listings(&again.id).await);
    assert_eq!(published(&node.channel).await, 30);
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn an_import_goes_on_where_a_restart_interrupted_it_and_publishes_nothing_twice(#[case] place: Place) {
    let test = TestNode::start(place, "BVF").await;
    let organisation = test.organisation().await;
    let desk = machine(&test);
    let secret = desk.secret.to_owned();
    let import = desk.bring(setting(&organisation), &table(200, &[])).await.unwrap();
    desk.in_state(&import.id, "ready").await;
    desk.start(&import.id).await.unwrap();
    desk.when(&import.id, |import| import.done > 0).await;
    let (config, env) = (test.node.context().config.clone(), test.node.context().env.clone());
    let (node, rest) = test.split();
    node.stop().await;

    let node = Node::start(config, env).await.unwrap();
    let desk = Desk { channel: node.channel(), secret: &secret };
    let done = desk.in_state(&import.id, "done").await;
    assert_eq!((done.done, done.published + done.unchanged, done.faulty), (200, 200, 0));
    assert_eq!(published(&node.channel()).await, 200);
    node.stop().await;
    drop(rest);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_is_cancelled_stops_and_its_file_is_gone(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let desk = machine(&node);
    let folder = node.node.context().config.node.data_dir.join("imports");
    let import = desk.bring(setting(&organisation), &table(600, &[])).await.unwrap();
    desk.in_state(&import.id, "ready").await;
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    desk.start(&import.id).await.unwrap();
    desk.end(&import.id).await.unwrap();
    let ended = desk.get(&import.id).await.unwrap();
    assert_eq!(ended.state, "cancelled");
    assert_eq!(desk.start(&import.id).await.unwrap_err().0, "import.state");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    desk.end(&import.id).await.unwrap();
    assert_eq!(desk.get(&import.id).await.unwrap_err().0, "not_found", "what is over is forgotten");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_file_is_published_by_those_who_publish_at_the_desk(#[case] place: Place) {
    let node = TestNode::start_with(place, "BVF", &[("desk.review", "true")]).await;
    let (own, other) = (node.organisation().await, node.organisation().await);
    let editor = person(&node, "editor", vec![role("editor", &own)]).await;
    let reviewer = person(&node, "reviewer", vec![role("administrator", &own)]).await;
    let stranger = person(&node, "stranger", vec![role("administrator", &other)]).await;
    let refused = at(&node, &stranger).bring(setting(&own), &table(3, &[])).await.unwrap_err();
    assert_eq!(refused, ("permission.denied".to_owned(), "setting.organisation".to_owned()));

    let desk = at(&node, &editor);
    let import = desk.bring(setting(&own), &table(3, &[])).await.unwrap();
    let import = desk.in_state(&import.id, "ready").await;
    assert!(!import.may_start);
    assert_eq!(desk.start(&import.id).await.unwrap_err().0, "review.needed");
    assert_eq!(at(&node, &stranger).get(&import.id).await.unwrap_err().0, "not_found");
    let list = wire::ListImportsRequest::default();
    let list = at(&node, &stranger).client().list(with(&stranger.session, list)).await.unwrap();
    assert!(list.into_inner().imports.is_empty());
    at(&node, &reviewer).start(&import.id).await.unwrap();
    assert_eq!(desk.in_state(&import.id, "done").await.published, 3);

    // Two pairs of eyes.
    let alone = at(&node, &reviewer);
    let import = alone.bring(setting(&own), &table(4, &[])).await.unwrap();
    alone.in_state(&import.id, "ready").await;
    assert_eq!(alone.start(&import.id).await.unwrap_err().0, "review.needed");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn rows_of_an_organisation_that_one_does_not_work_for_are_faults(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let (own, other) = (node.organisation().await, node.organisation().await);
    let editor = person(&node, "editor", vec![role("editor", &own)]).await;
    let desk = at(&node, &editor);
    let id = volbridge_proto::SubjectId::try_from(other.as_slice()).unwrap();
    let text = table(2, &[]).replace("备注\n", "组织编号\n").replacen(",x\n", &format!(",{id}\n"), 1);
    let text = text.replace(",x\n", ",\n");
    let setting = wire::ImportSetting { columns: meaning()[..1].to_vec(), ..setting(&own) };
    let import = desk.publish(setting, &text).await;
    assert_eq!((import.published, import.faulty), (1, 1));
    let fault = (2, "organisation".to_owned(), "permission.denied".to_owned());
    assert_eq!(desk.faults(&import.id).await, [fault]);
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn files_that_are_none_are_refused_and_leave_nothing(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let desk = machine(&node);
    let client = || desk.client();
    let upload = |pieces: Vec<wire::UploadImportRequest>| {
        let mut client = client();
        async move { client.upload(with(desk.secret, stream::iter(pieces))).await.map(drop) }
    };
    let whole = |name: &str| pieces(name, setting(&organisation), "x");
    let kind = upload(whole("listings.pdf")).await.unwrap_err();
    assert_eq!(refused(&kind), ("field.invalid".to_owned(), "setting.format".to_owned()));
    let unnamed = upload(whole("")).await.unwrap_err();
    assert_eq!(refused(&unnamed), ("field.required".to_owned(), "name".to_owned()));
    let empty = upload(pieces("a.csv", setting(&organisation), "")).await.unwrap_err();
    assert_eq!(refused(&empty), ("field.required".to_owned(), "data".to_owned()));
    let mut cut = whole("a.csv");
    cut.pop();
    let cut = upload(cut).await.unwrap_err();
    assert_eq!(refused(&cut), ("request.invalid".to_owned(), "data".to_owned()));
    let folder = node.node.context().config.node.data_dir.join("imports");
    assert!(std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_none()));

    // What isn't what its name says.
    let broken = desk.client().upload(with(desk.secret, stream::iter(whole("a.xlsx")))).await.unwrap();
    let broken = desk.in_state(&broken.into_inner().id, "ready").await;
    assert_eq!((broken.good, broken.faulty), (0, 1));
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn what_was_paused_at_the_desk_stays_paused_when_its_file_comes_again(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let desk = machine(&node);
    let first = desk.publish(setting(&organisation), &table(1, &[])).await;
    let subject = desk.listings(&first.id).await[0].subject.clone();
    let pause = wire::SetStatusRequest {
        listings: vec![subject.clone()],
        status: "paused".to_owned(),
        idempotency_key: String::new(),
    };
    DeskClient::new(node.channel.clone()).set_status(node.staff(pause)).await.unwrap();
    node.clock.advance(60_000);
    let again = desk.publish(setting(&organisation), &table(1, &[])).await;
    assert_eq!(again.unchanged, 1);
    let request = wire::GetSubjectRequest { subject, ..Default::default() };
    let view = node.listings().get(request).await.unwrap().into_inner();
    assert_eq!(view.source.unwrap().status, "paused");
    node.node.stop().await;
}
