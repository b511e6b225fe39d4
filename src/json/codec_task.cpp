#include "json/codec_impl.hpp"

namespace a2akit::json {

A2AKIT_JSON_INSTANTIATE(Part)
A2AKIT_JSON_INSTANTIATE(Message)
A2AKIT_JSON_INSTANTIATE(Artifact)
A2AKIT_JSON_INSTANTIATE(TaskStatus)
A2AKIT_JSON_INSTANTIATE(Task)
A2AKIT_JSON_INSTANTIATE(TaskStatusUpdateEvent)
A2AKIT_JSON_INSTANTIATE(TaskArtifactUpdateEvent)

}  // namespace a2akit::json
