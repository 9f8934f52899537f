//! Every method of the API, with no token, a wrong one and the right one (T34).

use std::collections::BTreeSet;

use prost::Message;
use prost_types::FileDescriptorSet;
use rstest::rstest;
use tonic::{Code, Request, client::Grpc, codegen::http::uri::PathAndQuery, metadata::MetadataValue};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use volbridge_node::api::permit::{Needs, needed};
use volbridge_proto::wire;

use crate::{
    node::TestNode,
    place::{Place, sqlite},
};

/// `volbridge.node.v1` as the descriptors have it: service, method.
fn methods() -> Vec<(String, String)> {
    let set = FileDescriptorSet::decode(wire::DESCRIPTORS).unwrap();
    let files = set.file.into_iter().filter(|file| file.package() == "volbridge.node.v1");
    let services = files.flat_map(|file| file.service);
    services
        .flat_map(|service| {
            let name = service.name().to_owned();
            service.method.into_iter().map(move |method| (name.clone(), method.name().to_owned()))
        })
        .collect()
}

/// What an empty request is answered with.
async fn call(node: &TestNode, path: &str, token: Option<&str>) -> Code {
    let mut client = Grpc::new(node.channel.clone());
    client.ready().await.unwrap();
    let mut request = Request::new(());
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", MetadataValue::try_from(token).unwrap());
    }
    let path = PathAndQuery::try_from(path).unwrap();
    // Read as a stream: one that goes on for ever has begun when its headers are here.
    match client.server_streaming(request, path, ProstCodec::<(), ()>::default()).await {
        Ok(_) => Code::Ok,
        Err(status) => status.code(),
    }
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn t34_each_method_asks_for_what_the_table_says(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let right = node.token.to_str().unwrap().to_owned();
    for (service, method) in methods() {
        let path = format!("/volbridge.node.v1.{service}/{method}");
        let needs = needed(&format!("{service}.{method}")).unwrap();
        let open = needs == Needs::Everyone;
        assert_eq!(call(&node, &path, None).await == Code::Unauthenticated, !open, "{path}");
        assert_eq!(call(&node, &path, Some("Bearer wrong")).await, Code::Unauthenticated, "{path}");
        let code = call(&node, &path, Some(&right)).await;
        assert!(!matches!(code, Code::Unauthenticated | Code::Unimplemented), "{path}: {code}");
        assert_eq!(code == Code::PermissionDenied, needs == Needs::Person, "{path}: {code}");
    }
    assert_eq!(call(&node, "/grpc.health.v1.Health/Check", None).await, Code::Ok);
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn reflection_names_every_service_and_no_other(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let request = ServerReflectionRequest {
        message_request: Some(MessageRequest::ListServices(String::new())),
        ..Default::default()
    };
    let mut client = ServerReflectionClient::new(node.channel.clone());
    let mut answers =
        client.server_reflection_info(tokio_stream::iter([request])).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else { panic!("{answer:?}") };
    let named: BTreeSet<String> = list.service.into_iter().map(|service| service.name).collect();
    let mut expected: BTreeSet<String> =
        methods().into_iter().map(|(service, _)| format!("volbridge.node.v1.{service}")).collect();
    expected.insert("grpc.health.v1.Health".to_owned());
    assert_eq!(named, expected);
    node.node.stop().await;
}
