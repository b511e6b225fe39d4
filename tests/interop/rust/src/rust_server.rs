//! An agent built with the official Rust SDK, for our client: the first word of a message says how it behaves, as in
//! interop_agent.cpp. It prints the URL of its card, and ends when its standard input does.

use std::io::Read;
use std::sync::Arc;

use a2a::*;
use a2a_client::agent_card::AgentCardResolver;
use a2a_client::auth::AuthInterceptor;
use a2a_client::{A2AClientFactory, ServiceParams};
use a2a_pb::proto::a2a_service_server::A2aServiceServer;
use a2a_server::agent_card::{StaticAgentCard, agent_card_router};
use a2a_server::push::{HttpPushSender, InMemoryPushConfigStore};
use a2a_server::task_store::InMemoryTaskStore;
use a2a_server::{AgentExecutor, DefaultRequestHandler, ExecutorContext};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::json;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;

type Event = Result<StreamResponse, A2AError>;

struct Agent;

struct Turn {
    task_id: String,
    context_id: String,
}

impl Turn {
    fn status(&self, state: TaskState, said: Option<&str>) -> StreamResponse {
        let message = said.map(|text| Message::new(Role::Agent, vec![Part::text(text)]));
        StreamResponse::StatusUpdate(TaskStatusUpdateEvent {
            task_id: self.task_id.clone(),
            context_id: self.context_id.clone(),
            status: TaskStatus { state, message, timestamp: None },
            metadata: None,
        })
    }

    fn chunk(&self, artifact_id: &str, part: Part, append: bool, last: bool) -> StreamResponse {
        StreamResponse::ArtifactUpdate(TaskArtifactUpdateEvent {
            task_id: self.task_id.clone(),
            context_id: self.context_id.clone(),
            artifact: Artifact {
                artifact_id: artifact_id.to_string(),
                name: None,
                description: None,
                parts: vec![part],
                metadata: None,
                extensions: None,
            },
            append: Some(append),
            last_chunk: Some(last),
            metadata: None,
        })
    }

    fn complete(&self, parts: Vec<Part>) -> Vec<StreamResponse> {
        let artifacts = parts.into_iter().map(|part| self.chunk(&new_artifact_id(), part, false, true));
        artifacts.chain([self.status(TaskState::Completed, None)]).collect()
    }

    fn count(&self) -> Vec<StreamResponse> {
        let chunks = (1..=5).map(|i| self.chunk("numbers", Part::text(format!("{i} ")), i > 1, i == 5));
        chunks.chain([self.status(TaskState::Completed, None)]).collect()
    }

    async fn behave(&self, message: &Message, params: ServiceParams) -> Vec<StreamResponse> {
        let text = message.text().unwrap();
        match text.split(' ').next().unwrap() {
            "echo" => self.complete(vec![Part::text(format!("Echo: {text}"))]),
            "count" => self.count(),
            "ask" => vec![self.status(TaskState::InputRequired, Some("What is your name?"))],
            "fail" => vec![self.status(TaskState::Failed, Some("as you wished"))],
            "file" => {
                let data = Part::data(json!({"done": true, "list": [1, "two", null]}));
                self.complete(vec![message.parts[1].clone(), data])
            }
            "relay" => match relayed(text, params).await {
                Ok(answer) => self.complete(vec![Part::text(answer)]),
                Err(error) => vec![self.status(TaskState::Failed, Some(&error.to_string()))],
            },
            _ => vec![self.status(TaskState::Rejected, None)],
        }
    }
}

/// "relay URL WORDS": what the agent at the URL answers to the words. It is passed the headers, or the metadata of gRPC,
/// by which a circle of agents is traced and comes to an end.
async fn relayed(text: &str, params: ServiceParams) -> Result<String, A2AError> {
    let [_, url, words] = text.splitn(3, ' ').collect::<Vec<_>>().try_into().expect("relay URL WORDS");
    let card = AgentCardResolver::new(None).resolve(url).await?;
    let mut factory = A2AClientFactory::builder();
    for name in ["traceparent", "x-a2a-hops"] {
        for value in params.get(name).into_iter().flatten() {
            factory = factory.with_interceptor(Arc::new(AuthInterceptor::custom(name, value)));
        }
    }
    let client = factory.build().create_from_card(&card).await?;
    let message = Message::new(Role::User, vec![Part::text(words)]);
    let asked = SendMessageRequest { message, configuration: None, metadata: None, tenant: None };
    match client.send_message(&asked).await? {
        SendMessageResponse::Task(task) => {
            Ok(task.artifacts.unwrap()[0].parts[0].as_text().unwrap().to_string())
        }
        SendMessageResponse::Message(message) => Ok(message.text().unwrap().to_string()),
    }
}

impl AgentExecutor for Agent {
    fn execute(&self, ctx: ExecutorContext) -> BoxStream<'static, Event> {
        let message = ctx.message.expect("a turn has a message");
        let said = message.text().unwrap().to_string();
        if said == "direct" {
            let answer = Message::new(Role::Agent, vec![Part::text("Just a message.")]);
            return stream::iter([Ok(StreamResponse::Message(answer))]).boxed();
        }
        let turn = Turn { task_id: ctx.task_id, context_id: ctx.context_id };
        if ctx.stored_task.is_some_and(|task| task.status.state == TaskState::InputRequired) {
            return stream::iter(turn.complete(vec![Part::text(format!("Hello, {said}!"))])).map(Ok).boxed();
        }
        let working = stream::iter([turn.status(TaskState::Working, None)]);
        if said == "wait" {
            return working.chain(stream::pending()).map(Ok).boxed();
        }
        let params = ctx.service_params;
        let rest = stream::once(async move { stream::iter(turn.behave(&message, params).await) }).flatten();
        working.chain(rest).map(Ok).boxed()
    }

    fn cancel(&self, ctx: ExecutorContext) -> BoxStream<'static, Event> {
        let turn = Turn { task_id: ctx.task_id, context_id: ctx.context_id };
        stream::iter([Ok(turn.status(TaskState::Canceled, None))]).boxed()
    }
}

fn describe(url: &str, grpc_address: &str) -> AgentCard {
    AgentCard {
        name: "Interop".to_string(),
        description: "Shows every behaviour that a client may meet.".to_string(),
        version: "1.0.0".to_string(),
        supported_interfaces: vec![
            AgentInterface::new(format!("{url}/rpc"), TRANSPORT_PROTOCOL_JSONRPC),
            AgentInterface::new(format!("{url}/rest"), TRANSPORT_PROTOCOL_HTTP_JSON),
            AgentInterface::new(grpc_address, TRANSPORT_PROTOCOL_GRPC),
        ],
        capabilities: AgentCapabilities {
            streaming: Some(true),
            push_notifications: Some(true),
            extensions: None,
            extended_agent_card: Some(true),
        },
        default_input_modes: vec!["text/plain".to_string()],
        default_output_modes: vec!["text/plain".to_string()],
        skills: vec![],
        provider: None,
        documentation_url: None,
        icon_url: None,
        security_schemes: None,
        security_requirements: None,
        signatures: None,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let over_grpc = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", plain.local_addr().unwrap());
    let card = describe(&url, &over_grpc.local_addr().unwrap().to_string());
    let extended = AgentCard { name: "Interop for those it knows".to_string(), ..card.clone() };
    let handler = Arc::new(
        DefaultRequestHandler::new(Agent, InMemoryTaskStore::new())
            .with_capabilities(card.capabilities.clone())
            .with_extended_agent_card(extended)
            .with_push_notifications(InMemoryPushConfigStore::new(), HttpPushSender::new(None)),
    );
    let routes = axum::Router::new()
        .nest("/rpc", a2a_server::jsonrpc::jsonrpc_router(handler.clone()))
        .nest("/rest", a2a_server::rest::rest_router(handler.clone()))
        .merge(agent_card_router(Arc::new(StaticAgentCard::new(card))));
    let service = A2aServiceServer::new(a2a_grpc::server::GrpcHandler::new(handler));
    let grpc = tonic::transport::Server::builder().add_service(service);
    tokio::spawn(grpc.serve_with_incoming(TcpIncoming::from(over_grpc)));
    tokio::spawn(axum::serve(plain, routes).into_future());
    println!("{url}");
    let input = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    input.await.unwrap().unwrap();
}
