#pragma once

#include <a2akit/storage/snapshot.hpp>

#include <vector>

namespace a2akit::backends {

/// One stored piece of an artifact, as merging needs it.
struct ArtifactPiece {
    Shared<Artifact> artifact;
    bool append = false;
};

/// Makes artifacts of their pieces, in the order in which the artifacts first appeared. A piece
/// that does not append replaces what was there under its id; one that appends to nothing begins
/// the artifact. An artifact of one piece is that very piece, not a copy.
[[nodiscard]] std::vector<Shared<Artifact>> merge_artifacts(std::vector<ArtifactPiece> pieces);

}  // namespace a2akit::backends
