// An agent built with the official Go SDK, for our client: the first word of a message says how it behaves, as in
// interop_agent.cpp. It prints the URL of its card, and ends when its standard input does.
package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/a2aproject/a2a-go/v2/a2a"
	"github.com/a2aproject/a2a-go/v2/a2aclient"
	"github.com/a2aproject/a2a-go/v2/a2aclient/agentcard"
	"github.com/a2aproject/a2a-go/v2/a2acompat/a2av0"
	grpcv0 "github.com/a2aproject/a2a-go/v2/a2agrpc/v0"
	grpcv1 "github.com/a2aproject/a2a-go/v2/a2agrpc/v1"
	"github.com/a2aproject/a2a-go/v2/a2asrv"
	"github.com/a2aproject/a2a-go/v2/a2asrv/push"
	"github.com/a2aproject/a2a-go/v2/a2asrv/taskstore"
	"google.golang.org/grpc"
)

type agent struct{}

type emit func(a2a.Event) bool

func textOf(message *a2a.Message) string { return message.Parts[0].Text() }

func said(task *a2asrv.ExecutorContext, state a2a.TaskState, text string) a2a.Event {
	return a2a.NewStatusUpdateEvent(task, state, a2a.NewMessageForTask(a2a.MessageRoleAgent, task, a2a.NewTextPart(text)))
}

func finish(task *a2asrv.ExecutorContext, yield emit, parts ...*a2a.Part) {
	_ = yield(a2a.NewArtifactEvent(task, parts...)) && yield(a2a.NewStatusUpdateEvent(task, a2a.TaskStateCompleted, nil))
}

func count(task *a2asrv.ExecutorContext, yield emit) {
	for i := 1; i <= 5; i++ {
		chunk := a2a.NewArtifactUpdateEvent(task, "numbers", a2a.NewTextPart(fmt.Sprintf("%d ", i)))
		chunk.Append, chunk.LastChunk = i > 1, i == 5
		if !yield(chunk) {
			return
		}
	}
	yield(a2a.NewStatusUpdateEvent(task, a2a.TaskStateCompleted, nil))
}

func sendBack(task *a2asrv.ExecutorContext, yield emit) {
	yield(a2a.NewArtifactEvent(task, task.Message.Parts[1]))
	finish(task, yield, a2a.NewDataPart(map[string]any{"done": true, "list": []any{1, "two", nil}}))
}

// passedOn gives the headers, or the metadata of gRPC, by which a circle of agents is traced and comes to an end.
func passedOn(params *a2asrv.ServiceParams) a2aclient.ServiceParams {
	names := a2aclient.ServiceParams{}
	for _, name := range []string{"traceparent", "x-a2a-hops"} {
		if values, ok := params.Get(name); ok {
			names[name] = values
		}
	}
	return names
}

func relayed(ctx context.Context, text string) (string, error) {
	words := strings.SplitN(text, " ", 3)
	card, err := agentcard.DefaultResolver.Resolve(ctx, words[1])
	if err != nil {
		return "", err
	}
	client, err := a2aclient.NewFromCard(ctx, card)
	if err != nil {
		return "", err
	}
	message := a2a.NewMessage(a2a.MessageRoleUser, a2a.NewTextPart(words[2]))
	answer, err := client.SendMessage(ctx, &a2a.SendMessageRequest{Message: message})
	if err != nil {
		return "", err
	}
	return answer.(*a2a.Task).Artifacts[0].Parts[0].Text(), nil
}

func relay(ctx context.Context, task *a2asrv.ExecutorContext, yield emit) {
	ctx = a2aclient.AttachServiceParams(ctx, passedOn(task.ServiceParams))
	if answer, err := relayed(ctx, textOf(task.Message)); err == nil {
		finish(task, yield, a2a.NewTextPart(answer))
	} else {
		yield(said(task, a2a.TaskStateFailed, err.Error()))
	}
}

func behave(ctx context.Context, task *a2asrv.ExecutorContext, yield emit) {
	text := textOf(task.Message)
	word, _, _ := strings.Cut(text, " ")
	if word == "direct" {
		yield(a2a.NewMessage(a2a.MessageRoleAgent, a2a.NewTextPart("Just a message.")))
		return
	}
	if task.StoredTask != nil {
		finish(task, yield, a2a.NewTextPart("Hello, "+text+"!"))
		return
	}
	if !yield(a2a.NewSubmittedTask(task, task.Message)) ||
		!yield(a2a.NewStatusUpdateEvent(task, a2a.TaskStateWorking, nil)) {
		return
	}
	switch word {
	case "echo":
		finish(task, yield, a2a.NewTextPart("Echo: "+text))
	case "count":
		count(task, yield)
	case "ask":
		yield(said(task, a2a.TaskStateInputRequired, "What is your name?"))
	case "fail":
		yield(said(task, a2a.TaskStateFailed, "as you wished"))
	case "file":
		sendBack(task, yield)
	case "relay":
		relay(ctx, task, yield)
	case "wait":
		<-ctx.Done()
	}
}

func (agent) Execute(ctx context.Context, task *a2asrv.ExecutorContext) iter.Seq2[a2a.Event, error] {
	return func(yield func(a2a.Event, error) bool) {
		behave(ctx, task, func(event a2a.Event) bool { return yield(event, nil) })
	}
}

func (agent) Cancel(_ context.Context, task *a2asrv.ExecutorContext) iter.Seq2[a2a.Event, error] {
	return func(yield func(a2a.Event, error) bool) {
		yield(a2a.NewStatusUpdateEvent(task, a2a.TaskStateCanceled, nil), nil)
	}
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Panic(err)
	}
	return listener
}

func describe(url, grpcAddress string) *a2a.AgentCard {
	card := &a2a.AgentCard{
		Name: "Interop", Description: "Shows every behaviour that a client may meet.", Version: "1.0.0",
		Capabilities:      a2a.AgentCapabilities{Streaming: true, PushNotifications: true, ExtendedAgentCard: true},
		DefaultInputModes: []string{"text/plain"}, DefaultOutputModes: []string{"text/plain"}, Skills: []a2a.AgentSkill{},
	}
	for _, one := range []struct {
		url     string
		binding a2a.TransportProtocol
		version a2a.ProtocolVersion
	}{
		{url + "/rpc", a2a.TransportProtocolJSONRPC, a2a.Version},
		{url + "/rest", a2a.TransportProtocolHTTPJSON, a2a.Version},
		{grpcAddress, a2a.TransportProtocolGRPC, a2a.Version},
		{url + "/rpc_0_3", a2a.TransportProtocolJSONRPC, a2av0.Version},
		{url + "/rest_0_3", a2a.TransportProtocolHTTPJSON, a2av0.Version},
		{grpcAddress, a2a.TransportProtocolGRPC, a2av0.Version},
	} {
		offered := a2a.NewAgentInterface(one.url, one.binding)
		offered.ProtocolVersion = one.version
		card.SupportedInterfaces = append(card.SupportedInterfaces, offered)
	}
	return card
}

func main() {
	plain, overGRPC := listen(), listen()
	url := "http://" + plain.Addr().String()
	card := describe(url, overGRPC.Addr().String())
	extended := *card
	extended.Name = "Interop for those it knows"
	everyone := func(context.Context) (string, error) { return "everyone", nil }
	handler := a2asrv.NewHandler(agent{}, a2asrv.WithExtendedAgentCard(&extended),
		a2asrv.WithTaskStore(taskstore.NewInMemory(&taskstore.InMemoryStoreConfig{Authenticator: everyone})),
		a2asrv.WithPushNotifications(push.NewInMemoryStore(), push.NewHTTPPushSender(nil)))

	mux := http.NewServeMux()
	mux.Handle("/rpc", a2asrv.NewJSONRPCHandler(handler))
	mux.Handle("/rest/", http.StripPrefix("/rest", a2asrv.NewRESTHandler(handler)))
	mux.Handle("/rpc_0_3", a2av0.NewJSONRPCHandler(handler))
	mux.Handle("/rest_0_3/", http.StripPrefix("/rest_0_3", a2av0.NewRESTHandler(handler)))
	mux.Handle("/.well-known/agent-card.json", a2asrv.NewAgentCardHandler(a2av0.NewStaticAgentCardProducer(card)))
	services := grpc.NewServer()
	grpcv1.NewHandler(handler).RegisterWith(services)
	grpcv0.NewHandler(handler).RegisterWith(services)
	go func() { log.Panic(services.Serve(overGRPC)) }()
	go func() { log.Panic(http.Serve(plain, mux)) }()
	fmt.Println(url)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
