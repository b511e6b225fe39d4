//! Every operation of A2A 1.0 through the official Rust client with its default settings, over one binding:
//! rust_client URL JSONRPC|HTTP+JSON|GRPC.

use std::fmt::Debug;
use std::sync::Arc;

use a2a::error_code::{INVALID_PARAMS, TASK_NOT_CANCELABLE, TASK_NOT_FOUND, UNSUPPORTED_OPERATION};
use a2a::*;
use a2a_client::agent_card::AgentCardResolver;
use a2a_client::{A2AClient, A2AClientFactory, BoxStream, Transport};
use futures::StreamExt;

type Client = A2AClient<Box<dyn Transport>>;
type Events = BoxStream<'static, Result<StreamResponse, A2AError>>;

fn request(text: &str, more: Vec<Part>) -> SendMessageRequest {
    let parts = std::iter::once(Part::text(text)).chain(more).collect();
    SendMessageRequest { message: Message::new(Role::User, parts), configuration: None, metadata: None, tenant: None }
}

fn immediately(text: &str) -> SendMessageRequest {
    let configuration = SendMessageConfiguration {
        accepted_output_modes: None,
        task_push_notification_config: None,
        history_length: None,
        return_immediately: Some(true),
    };
    SendMessageRequest { configuration: Some(configuration), ..request(text, vec![]) }
}

fn in_task(text: &str, task: &Task) -> SendMessageRequest {
    let mut sent = request(text, vec![]);
    sent.message.task_id = Some(task.id.clone());
    sent.message.context_id = Some(task.context_id.clone());
    sent
}

fn named(id: &str) -> GetTaskRequest {
    GetTaskRequest { id: id.to_string(), history_length: None, tenant: None }
}

fn to_cancel(id: &str) -> CancelTaskRequest {
    CancelTaskRequest { id: id.to_string(), metadata: None, tenant: None }
}

fn to_subscribe(id: &str) -> SubscribeToTaskRequest {
    SubscribeToTaskRequest { id: id.to_string(), tenant: None }
}

async fn send(client: &Client, sent: SendMessageRequest) -> Task {
    match client.send_message(&sent).await.unwrap() {
        SendMessageResponse::Task(task) => task,
        SendMessageResponse::Message(message) => panic!("a message and no task: {message:?}"),
    }
}

async fn ask(client: &Client, text: &str) -> Task {
    send(client, request(text, vec![])).await
}

async fn stream(client: &Client, sent: SendMessageRequest) -> Events {
    client.send_streaming_message(&sent).await.unwrap()
}

/// The text of an artifact, of a message, or of a task's artifacts.
fn text_of(parts: &[Part]) -> String {
    parts.iter().filter_map(Part::as_text).collect()
}

fn text_in(task: &Task) -> String {
    task.artifacts.iter().flatten().map(|artifact| text_of(&artifact.parts)).collect()
}

/// The last state that a stream tells of, and the text of its chunks; the Task at the beginning holds what had happened
/// by then.
async fn read(mut events: Events) -> (TaskState, String) {
    let (mut state, mut text) = (TaskState::Unspecified, String::new());
    while let Some(event) = events.next().await {
        match event.unwrap() {
            StreamResponse::Task(task) => {
                text += &text_in(&task);
                state = task.status.state;
            }
            StreamResponse::StatusUpdate(update) => state = update.status.state,
            StreamResponse::ArtifactUpdate(update) => text += &text_of(&update.artifact.parts),
            StreamResponse::Message(message) => text += &text_of(&message.parts),
        }
    }
    (state, text)
}

fn refused<T: Debug>(result: Result<T, A2AError>, code: i32) {
    let error = result.expect_err("it was not refused");
    assert_eq!(error.code, code, "{error:?}");
}

/// Some bindings say it before the stream begins, some as its first event.
async fn stream_refused(events: Result<Events, A2AError>, code: i32) {
    match events {
        Ok(mut events) => refused(events.next().await.expect("a stream without events"), code),
        Err(error) => refused::<()>(Err(error), code),
    }
}

async fn check_sends(client: &Client) {
    let task = ask(client, "echo hi").await;
    assert_eq!(task.status.state, TaskState::Completed);
    assert_eq!(text_in(&task), "Echo: echo hi");
    match client.send_message(&request("direct", vec![])).await.unwrap() {
        SendMessageResponse::Message(message) => assert_eq!(message.text(), Some("Just a message.")),
        SendMessageResponse::Task(task) => panic!("a task and no message: {task:?}"),
    }
    let failed = ask(client, "fail").await;
    assert_eq!(failed.status.state, TaskState::Failed);
    assert_eq!(failed.status.message.unwrap().text(), Some("as you wished"));
    let counted = read(stream(client, request("count", vec![])).await).await;
    assert_eq!(counted, (TaskState::Completed, "1 2 3 4 5 ".to_string()));
    assert_eq!(read(stream(client, request("direct", vec![])).await).await.1, "Just a message.");
}

async fn check_files(client: &Client) {
    let content: Vec<u8> = (0..=255).collect();
    let file = Part::raw(content.clone()).with_filename("all.bin").with_media_type("application/octet-stream");
    let given = Part::data(serde_json::json!({"k": "v"}));
    let artifacts = send(client, request("file", vec![file, given])).await.artifacts.unwrap();
    let parts = |id| &artifacts.iter().find(|artifact| artifact.artifact_id == id).unwrap().parts;
    assert_eq!(parts("all.bin")[0].content, PartContent::Raw(content));
    assert_eq!(parts("all.bin")[0].filename.as_deref(), Some("all.bin"));
    match &parts("data")[0].content {
        PartContent::Data(value) => {
            assert_eq!(value["done"], true);
            assert_eq!(value["list"][1], "two");
        }
        other => panic!("no data: {other:?}"),
    }
}

async fn check_turns(client: &Client) {
    let asked = ask(client, "ask").await;
    assert_eq!(asked.status.state, TaskState::InputRequired);
    let done = send(client, in_task("Ada", &asked)).await;
    assert_eq!(done.id, asked.id);
    assert_eq!(text_in(&done), "Hello, Ada!");
}

async fn check_get_and_list(client: &Client) {
    let first = ask(client, "echo 0").await;
    let mut made = vec![first.id.clone()];
    for i in 1..3 {
        let mut sent = request(&format!("echo {i}"), vec![]);
        sent.message.context_id = Some(first.context_id.clone());
        made.push(send(client, sent).await.id);
    }
    let got = client.get_task(&GetTaskRequest { history_length: Some(1), ..named(&first.id) }).await.unwrap();
    assert_eq!(got.id, first.id);
    assert_eq!(got.history.unwrap().len(), 1);

    let mut listed = Vec::new();
    let mut asked = ListTasksRequest {
        context_id: Some(first.context_id),
        status: Some(TaskState::Completed),
        page_size: Some(2),
        page_token: None,
        history_length: None,
        status_timestamp_after: None,
        include_artifacts: None,
        tenant: None,
    };
    loop {
        let page = client.list_tasks(&asked).await.unwrap();
        assert_eq!(page.total_size, 3);
        listed.extend(page.tasks.into_iter().map(|task| task.id));
        if page.next_page_token.is_empty() {
            break;
        }
        asked.page_token = Some(page.next_page_token);
    }
    listed.sort();
    made.sort();
    assert_eq!(listed, made);
}

async fn check_cancel_and_subscribe(client: &Client) {
    let task = send(client, immediately("wait")).await;
    let mut events = client.subscribe_to_task(&to_subscribe(&task.id)).await.unwrap();
    assert!(matches!(events.next().await.unwrap().unwrap(), StreamResponse::Task(_)));
    let cancelled = client.cancel_task(&to_cancel(&task.id)).await.unwrap();
    assert_eq!(cancelled.status.state, TaskState::Canceled);
    assert_eq!(read(events).await.0, TaskState::Canceled);
}

async fn check_errors(client: &Client) {
    let unknown = new_task_id();
    let done = ask(client, "echo done").await;
    refused(client.get_task(&named(&unknown)).await, TASK_NOT_FOUND);
    refused(client.cancel_task(&to_cancel(&unknown)).await, TASK_NOT_FOUND);
    stream_refused(client.subscribe_to_task(&to_subscribe(&unknown)).await, TASK_NOT_FOUND).await;
    refused(client.cancel_task(&to_cancel(&done.id)).await, TASK_NOT_CANCELABLE);
    stream_refused(client.subscribe_to_task(&to_subscribe(&done.id)).await, UNSUPPORTED_OPERATION).await;
    refused(client.send_message(&in_task("more", &done)).await, UNSUPPORTED_OPERATION);
    let mut empty = request("", vec![]);
    empty.message.parts.clear();
    refused(client.send_message(&empty).await, INVALID_PARAMS);
}

async fn check_push_configs(client: &Client) {
    let task_id = send(client, immediately("wait")).await.id;
    let config = TaskPushNotificationConfig {
        url: "https://example.com/hook".to_string(),
        id: Some("c".to_string()),
        task_id: task_id.clone(),
        token: None,
        authentication: None,
        tenant: None,
    };
    assert_eq!(client.create_push_config(&config).await.unwrap().url, config.url);
    let id = "c".to_string();
    let get = GetTaskPushNotificationConfigRequest { task_id: task_id.clone(), id: id.clone(), tenant: None };
    assert_eq!(client.get_push_config(&get).await.unwrap().url, config.url);
    let list = ListTaskPushNotificationConfigsRequest {
        task_id: task_id.clone(),
        page_size: None,
        page_token: None,
        tenant: None,
    };
    let listed = client.list_push_configs(&list).await.unwrap().configs;
    assert_eq!(listed.into_iter().map(|one| one.id).collect::<Vec<_>>(), [Some(id.clone())]);
    let delete = DeleteTaskPushNotificationConfigRequest { task_id: task_id.clone(), id, tenant: None };
    client.delete_push_config(&delete).await.unwrap();
    assert!(client.list_push_configs(&list).await.unwrap().configs.is_empty());
    client.cancel_task(&to_cancel(&task_id)).await.unwrap();
}

/// Twelve silent seconds and a stream of 24 s, as the client waits unless it is told otherwise.
async fn check_slow(client: &Client) {
    let sent = async { assert_eq!(text_in(&ask(client, "slow").await), "at last") };
    let streamed = async {
        let all = read(stream(client, request("slow", vec![])).await).await;
        assert_eq!(all, (TaskState::Completed, "at last".to_string()));
    };
    let resubscribed = async {
        let task = send(client, immediately("slow")).await;
        let events = client.subscribe_to_task(&to_subscribe(&task.id)).await.unwrap();
        assert_eq!(read(events).await.0, TaskState::Completed);
    };
    let dripped = async {
        let all = read(stream(client, request("drip", vec![])).await).await;
        assert_eq!(all, (TaskState::Completed, "1 2 3 4 ".to_string()));
    };
    tokio::join!(sent, streamed, resubscribed, dripped);
}

async fn connect(url: &str, binding: String) -> Client {
    let card = AgentCardResolver::new(None).resolve(url).await.unwrap();
    assert_eq!(card.name, "Interop");
    let mut factory = A2AClientFactory::builder().preferred_bindings(vec![binding.clone()]);
    if binding == TRANSPORT_PROTOCOL_GRPC {
        factory = factory.no_defaults().register(Arc::new(a2a_grpc::client::GrpcTransportFactory::new()));
    }
    let (client, chosen) = factory.build().create_from_card_with_interface(&card).await.unwrap();
    assert_eq!(chosen.protocol_binding, binding);
    client
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let [url, binding] = std::env::args().skip(1).collect::<Vec<_>>().try_into().expect("URL BINDING");
    let client = connect(&url, binding).await;
    check_sends(&client).await;
    check_files(&client).await;
    check_turns(&client).await;
    check_get_and_list(&client).await;
    check_cancel_and_subscribe(&client).await;
    check_errors(&client).await;
    check_push_configs(&client).await;
    check_slow(&client).await;
    let extended = client.get_extended_agent_card(&GetExtendedAgentCardRequest { tenant: None }).await;
    refused(extended, UNSUPPORTED_OPERATION);
    println!(
        "checked: send, stream, files, several turns, get, list, cancel, subscribe, errors, push configurations, \
         extended card, 12 s of silence, a stream of 24 s"
    );
}
