#include "backends/common/merge_artifacts.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace a2akit::backends {
namespace {

// The pieces of one artifact are a run of indices: the last replacing piece, and those appended
// since.
using Indices = std::vector<std::size_t>;

void add(Artifact& merged, const Artifact& piece) {
    if (!piece.name.empty()) merged.name = piece.name;
    if (!piece.description.empty()) merged.description = piece.description;
    if (!piece.metadata.empty()) merged.metadata = piece.metadata;
    for (const auto& extension : piece.extensions) {
        if (std::find(merged.extensions.begin(), merged.extensions.end(), extension) ==
            merged.extensions.end()) {
            merged.extensions.push_back(extension);
        }
    }
    merged.parts.insert(merged.parts.end(), piece.parts.begin(), piece.parts.end());
}

Shared<Artifact> merge(const std::vector<ArtifactPiece>& pieces, const Indices& indices) {
    const Shared<Artifact>& first = pieces[indices.front()].artifact;
    if (indices.size() == 1) return first;
    std::size_t parts = 0;
    for (const std::size_t index : indices) parts += pieces[index].artifact->parts.size();
    Artifact merged;
    merged.artifact_id = first->artifact_id;
    merged.parts.reserve(parts);
    for (const std::size_t index : indices) add(merged, *pieces[index].artifact);
    return merged;
}

}  // namespace

std::vector<Shared<Artifact>> merge_artifacts(std::vector<ArtifactPiece> pieces) {
    std::vector<Shared<Artifact>> merged;
    if (pieces.size() == 1) {
        merged.push_back(std::move(pieces.front().artifact));
        return merged;
    }
    std::vector<Indices> groups;
    std::unordered_map<std::string_view, std::size_t> by_id;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const auto [found, fresh] =
            by_id.try_emplace(pieces[i].artifact->artifact_id, groups.size());
        if (fresh) groups.emplace_back();
        Indices& group = groups[found->second];
        if (!pieces[i].append) group.clear();
        group.push_back(i);
    }
    merged.reserve(groups.size());
    for (const Indices& group : groups) merged.push_back(merge(pieces, group));
    return merged;
}

}  // namespace a2akit::backends
