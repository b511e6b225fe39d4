// Every operation through the official Go SDK with its default settings, over one binding:
// go_client 1.0|0.3 URL JSONRPC|HTTP+JSON|GRPC. 0.3 is spoken by the SDK's transports for older servers.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"os"
	"sync"

	"github.com/a2aproject/a2a-go/v2/a2a"
	"github.com/a2aproject/a2a-go/v2/a2aclient"
	"github.com/a2aproject/a2a-go/v2/a2aclient/agentcard"
	"github.com/a2aproject/a2a-go/v2/a2acompat/a2av0"
	grpcv0 "github.com/a2aproject/a2a-go/v2/a2agrpc/v0"
	grpcv1 "github.com/a2aproject/a2a-go/v2/a2agrpc/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

var (
	ctx     = context.Background()
	version = os.Args[1]
	url     = os.Args[2]
	binding = a2a.TransportProtocol(os.Args[3])
)

// must ends the program when something could not be done.
func must[T any](value T, err error) T {
	if err != nil {
		log.Panic(err)
	}
	return value
}

func equal[T comparable](actual, expected T) {
	if actual != expected {
		log.Panicf("%v is not %v", actual, expected)
	}
}

func refused(err, kind error) {
	// Over HTTP+JSON the SDK looks for the errors of 1.0, even when it speaks 0.3.
	unknown := err != nil && version == "0.3" && binding == a2a.TransportProtocolHTTPJSON
	if !unknown && !errors.Is(err, kind) {
		log.Panicf("%v is not %v", err, kind)
	}
}

func request(text string, immediately bool, parts ...*a2a.Part) *a2a.SendMessageRequest {
	parts = append([]*a2a.Part{a2a.NewTextPart(text)}, parts...)
	// The transports for 0.3 write a configuration that does not wait where there is none.
	return &a2a.SendMessageRequest{
		Message: a2a.NewMessage(a2a.MessageRoleUser, parts...),
		Config:  &a2a.SendMessageConfig{ReturnImmediately: immediately},
	}
}

func ask(client *a2aclient.Client, sent *a2a.SendMessageRequest) *a2a.Task {
	return must(client.SendMessage(ctx, sent)).(*a2a.Task)
}

func textOf(task *a2a.Task) string { return task.Artifacts[0].Parts[0].Text() }

func completed(task *a2a.Task, answer string) {
	equal(task.Status.State, a2a.TaskStateCompleted)
	equal(textOf(task), answer)
}

// read gives the last state that a stream told of, and the text of its chunks.
func read(events iter.Seq2[a2a.Event, error]) (state a2a.TaskState, text string) {
	for event, err := range events {
		switch one := must(event, err).(type) {
		case *a2a.Task:
			state = one.Status.State
			for _, artifact := range one.Artifacts {
				text += artifact.Parts[0].Text()
			}
		case *a2a.TaskStatusUpdateEvent:
			state = one.Status.State
		case *a2a.TaskArtifactUpdateEvent:
			text += one.Artifact.Parts[0].Text()
		}
	}
	return state, text
}

func errorOf(events iter.Seq2[a2a.Event, error]) error {
	for _, err := range events {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkSends(client *a2aclient.Client) {
	completed(ask(client, request("echo hi", false)), "Echo: echo hi")
	message := must(client.SendMessage(ctx, request("direct", false))).(*a2a.Message)
	equal(message.Parts[0].Text(), "Just a message.")
	failed := ask(client, request("fail", false))
	equal(failed.Status.State, a2a.TaskStateFailed)
	equal(failed.Status.Message.Parts[0].Text(), "as you wished")
	state, text := read(client.SendStreamingMessage(ctx, request("count", false)))
	equal(state, a2a.TaskStateCompleted)
	equal(text, "1 2 3 4 5 ")
}

func checkFiles(client *a2aclient.Client) {
	content := make([]byte, 256)
	for i := range content {
		content[i] = byte(i)
	}
	file := a2a.NewRawPart(content)
	file.Filename, file.MediaType = "all.bin", "application/octet-stream"
	task := ask(client, request("file", false, file, a2a.NewDataPart(map[string]any{"k": "v"})))
	// In the JSON of 0.3's protocol buffers a file is base64 of base64, which the Python SDK needs and this one
	// does not undo: docs/reference/versions.md.
	if version == "1.0" || binding == a2a.TransportProtocolJSONRPC {
		equal(bytes.Equal(task.Artifacts[0].Parts[0].Raw(), content), true)
	}
	equal(task.History[0].Parts[2].Data().(map[string]any)["k"].(string), "v")
}

func checkTurns(client *a2aclient.Client) {
	task := ask(client, request("ask", false))
	equal(task.Status.State, a2a.TaskStateInputRequired)
	answer := request("Ada", false)
	answer.Message.TaskID, answer.Message.ContextID = task.ID, task.ContextID
	done := ask(client, answer)
	equal(done.ID, task.ID)
	completed(done, "Hello, Ada!")
}

func checkGetAndList(client *a2aclient.Client) {
	length := 1
	task := ask(client, request("echo x", false))
	got := must(client.GetTask(ctx, &a2a.GetTaskRequest{ID: task.ID, HistoryLength: &length}))
	equal(got.ID, task.ID)
	equal(len(got.History), 1)
	if version != "1.0" {
		return // 0.3 has no list
	}
	page := must(client.ListTasks(ctx, &a2a.ListTasksRequest{ContextID: task.ContextID}))
	equal(len(page.Tasks), 1)
	equal(page.Tasks[0].ID, task.ID)
}

func checkCancelAndSubscribe(client *a2aclient.Client) {
	task := ask(client, request("wait", true))
	var last a2a.TaskState
	cancelled := make(chan *a2a.Task, 1)
	for event, err := range client.SubscribeToTask(ctx, &a2a.SubscribeToTaskRequest{ID: task.ID}) {
		switch one := must(event, err).(type) {
		case *a2a.Task:
			go func() { cancelled <- must(client.CancelTask(ctx, &a2a.CancelTaskRequest{ID: task.ID})) }()
		case *a2a.TaskStatusUpdateEvent:
			last = one.Status.State
		}
	}
	equal(last, a2a.TaskStateCanceled)
	equal((<-cancelled).Status.State, a2a.TaskStateCanceled)
}

func checkErrors(client *a2aclient.Client) {
	done := ask(client, request("echo done", false))
	unknown := a2a.NewTaskID()
	_, err := client.GetTask(ctx, &a2a.GetTaskRequest{ID: unknown})
	refused(err, a2a.ErrTaskNotFound)
	_, err = client.CancelTask(ctx, &a2a.CancelTaskRequest{ID: unknown})
	refused(err, a2a.ErrTaskNotFound)
	// Over JSON-RPC of 1.0 the SDK reads nothing but events, and takes the error for a stream without any.
	if version != "1.0" || binding != a2a.TransportProtocolJSONRPC {
		refused(errorOf(client.SubscribeToTask(ctx, &a2a.SubscribeToTaskRequest{ID: unknown})), a2a.ErrTaskNotFound)
	}
	_, err = client.CancelTask(ctx, &a2a.CancelTaskRequest{ID: done.ID})
	refused(err, a2a.ErrTaskNotCancelable)
}

func checkPushConfigs(client *a2aclient.Client) {
	task := ask(client, request("wait", true)).ID
	config := &a2a.PushConfig{TaskID: task, ID: "c", URL: "https://example.com/hook"}
	equal(must(client.CreateTaskPushConfig(ctx, config)).URL, config.URL)
	equal(must(client.GetTaskPushConfig(ctx, &a2a.GetTaskPushConfigRequest{TaskID: task, ID: "c"})).URL, config.URL)
	of := &a2a.ListTaskPushConfigRequest{TaskID: task}
	listed := must(client.ListTaskPushConfigs(ctx, of))
	equal(len(listed), 1)
	equal(listed[0].ID, "c")
	if err := client.DeleteTaskPushConfig(ctx, &a2a.DeleteTaskPushConfigRequest{TaskID: task, ID: "c"}); err != nil {
		log.Panic(err)
	}
	equal(len(must(client.ListTaskPushConfigs(ctx, of))), 0)
	must(client.CancelTask(ctx, &a2a.CancelTaskRequest{ID: task}))
}

// checkSlow waits as long as the SDK does unless it is told otherwise.
func checkSlow(client *a2aclient.Client) {
	var all sync.WaitGroup
	all.Go(func() { completed(ask(client, request("slow", false)), "at last") })
	all.Go(func() {
		state, text := read(client.SendStreamingMessage(ctx, request("slow", false)))
		equal(state, a2a.TaskStateCompleted)
		equal(text, "at last")
	})
	all.Go(func() {
		task := ask(client, request("slow", true))
		state, _ := read(client.SubscribeToTask(ctx, &a2a.SubscribeToTaskRequest{ID: task.ID}))
		equal(state, a2a.TaskStateCompleted)
	})
	all.Go(func() {
		_, text := read(client.SendStreamingMessage(ctx, request("drip", false)))
		equal(text, "1 2 3 4 ")
	})
	all.Wait()
}

func connect() *a2aclient.Client {
	resolver, options := *agentcard.DefaultResolver, []a2aclient.FactoryOption{
		a2aclient.WithConfig(a2aclient.Config{PreferredTransports: []a2a.TransportProtocol{binding}})}
	plain := grpc.WithTransportCredentials(insecure.NewCredentials())
	if version == "1.0" {
		options = append(options, grpcv1.WithGRPCTransport(plain))
	} else {
		resolver.CardParser = a2av0.NewAgentCardParser()
		options = append(options, a2aclient.WithDefaultsDisabled(), grpcv0.WithGRPCTransport(plain),
			a2av0.WithJSONRPCTransport(a2av0.JSONRPCTransportConfig{}),
			a2av0.WithRESTTransport(a2av0.RESTTransportConfig{}))
	}
	card := must(resolver.Resolve(ctx, url))
	return must(a2aclient.NewFromCard(ctx, card, options...))
}

func main() {
	client := connect()
	checkSends(client)
	checkFiles(client)
	checkTurns(client)
	checkGetAndList(client)
	checkCancelAndSubscribe(client)
	checkErrors(client)
	checkPushConfigs(client)
	checkSlow(client)
	list := "get, list, cancel, subscribe"
	if version != "1.0" {
		list = "get, cancel, resubscribe"
	}
	fmt.Printf("checked: send, stream, files, several turns, %s, errors, push configurations, 12 s of silence, a stream of 24 s\n", list)
}
