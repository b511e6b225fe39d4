#include "wire/v0_3/params.hpp"

#include "json/codec_impl.hpp"
#include "wire/v0_3/value_codecs.hpp"

#include <utility>

namespace a2akit::wire::v0_3 {
namespace {

/// Reads a type that has a description in this form.
template <Form F, class P>
bool read_in(json::Cursor& cursor, P& params) {
    return json::ValueCodec<In<F, P>>::read(cursor, params);
}

bool read_setting(json::Cursor& cursor, TaskPushNotificationConfig& params) {
    TaskConfig setting;
    if (!json::read_as<TaskConfig>(cursor, setting)) return false;
    params = std::move(setting.config);
    params.task_id = std::move(setting.task_id);
    return true;
}

/// Some ids may be parts of names; those of the path are in `params` already.
bool read_creation(json::Cursor& cursor, TaskPushNotificationConfig& params) {
    CreateConfig create;
    if (!json::read_as<CreateConfig>(cursor, create)) return false;
    NamedConfig& named = create.inner ? *create.inner : create;
    if (!named.config) {
        cursor.violation("config.pushNotificationConfig", "is required: an object");
        return true;
    }
    std::string task_id = std::move(params.task_id);
    if (!create.parent.empty())
        task_id = task_of_name(create.parent);
    else if (task_id.empty())
        task_id = task_of_name(named.name);
    params = std::move(*named.config);
    params.task_id = std::move(task_id);
    if (params.id.empty()) params.id = std::move(create.config_id);
    return true;
}

}  // namespace

bool read_schema_params(json::Cursor& cursor, OperationParams& params) {
    return std::visit(
        [&cursor]<class P>(P& p) {
            if constexpr (std::is_same_v<P, TaskPushNotificationConfig>)
                return read_setting(cursor, p);
            else if constexpr (json::Described<In<Form::kSchema, P>>)
                return read_in<Form::kSchema>(cursor, p);
            else
                return cursor.skip();
        },
        params);
}

bool read_proto_params(json::Cursor& cursor, OperationParams& params) {
    return std::visit(
        [&cursor]<class P>(P& p) {
            if constexpr (std::is_same_v<P, TaskPushNotificationConfig>)
                return read_creation(cursor, p);
            else if constexpr (json::Described<In<Form::kProto, P>>)
                return read_in<Form::kProto>(cursor, p);
            else
                return cursor.skip();
        },
        params);
}

}  // namespace a2akit::wire::v0_3
