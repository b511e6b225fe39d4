#pragma once

#include "core/late_library.hpp"

#include <curl/curl.h>

namespace a2akit {

/// libcurl is loaded by the first request that this process makes as a client, or the first webhook
/// that it checks. A server that does neither starts a quarter sooner.
inline constinit LateLibrary libcurl{"libcurl.so.4", "libcurl4"};

// The functions of libcurl that the rooms call. Inside of namespace a2akit, their names stand for
// these.
inline constinit LateFunction<decltype(::curl_easy_cleanup)> curl_easy_cleanup{libcurl,
                                                                               "curl_easy_cleanup"};
inline constinit LateFunction<decltype(::curl_easy_escape)> curl_easy_escape{libcurl,
                                                                             "curl_easy_escape"};
inline constinit LateFunction<decltype(::curl_easy_getinfo)> curl_easy_getinfo{libcurl,
                                                                               "curl_easy_getinfo"};
inline constinit LateFunction<decltype(::curl_easy_init)> curl_easy_init{libcurl, "curl_easy_init"};
inline constinit LateFunction<decltype(::curl_easy_pause)> curl_easy_pause{libcurl,
                                                                           "curl_easy_pause"};
inline constinit LateFunction<decltype(::curl_easy_perform)> curl_easy_perform{libcurl,
                                                                               "curl_easy_perform"};
inline constinit LateFunction<decltype(::curl_easy_reset)> curl_easy_reset{libcurl,
                                                                           "curl_easy_reset"};
inline constinit LateFunction<decltype(::curl_easy_setopt)> curl_easy_setopt{libcurl,
                                                                             "curl_easy_setopt"};
inline constinit LateFunction<decltype(::curl_easy_strerror)> curl_easy_strerror{
    libcurl, "curl_easy_strerror"};
inline constinit LateFunction<decltype(::curl_free)> curl_free{libcurl, "curl_free"};
inline constinit LateFunction<decltype(::curl_getdate)> curl_getdate{libcurl, "curl_getdate"};
inline constinit LateFunction<decltype(::curl_global_init)> curl_global_init{libcurl,
                                                                             "curl_global_init"};
inline constinit LateFunction<decltype(::curl_multi_add_handle)> curl_multi_add_handle{
    libcurl, "curl_multi_add_handle"};
inline constinit LateFunction<decltype(::curl_multi_cleanup)> curl_multi_cleanup{
    libcurl, "curl_multi_cleanup"};
inline constinit LateFunction<decltype(::curl_multi_info_read)> curl_multi_info_read{
    libcurl, "curl_multi_info_read"};
inline constinit LateFunction<decltype(::curl_multi_init)> curl_multi_init{libcurl,
                                                                           "curl_multi_init"};
inline constinit LateFunction<decltype(::curl_multi_perform)> curl_multi_perform{
    libcurl, "curl_multi_perform"};
inline constinit LateFunction<decltype(::curl_multi_poll)> curl_multi_poll{libcurl,
                                                                           "curl_multi_poll"};
inline constinit LateFunction<decltype(::curl_multi_remove_handle)> curl_multi_remove_handle{
    libcurl, "curl_multi_remove_handle"};
inline constinit LateFunction<decltype(::curl_multi_setopt)> curl_multi_setopt{libcurl,
                                                                               "curl_multi_setopt"};
inline constinit LateFunction<decltype(::curl_multi_socket_action)> curl_multi_socket_action{
    libcurl, "curl_multi_socket_action"};
inline constinit LateFunction<decltype(::curl_multi_wakeup)> curl_multi_wakeup{libcurl,
                                                                               "curl_multi_wakeup"};
inline constinit LateFunction<decltype(::curl_slist_append)> curl_slist_append{libcurl,
                                                                               "curl_slist_append"};
inline constinit LateFunction<decltype(::curl_slist_free_all)> curl_slist_free_all{
    libcurl, "curl_slist_free_all"};
inline constinit LateFunction<decltype(::curl_url)> curl_url{libcurl, "curl_url"};
inline constinit LateFunction<decltype(::curl_url_cleanup)> curl_url_cleanup{libcurl,
                                                                             "curl_url_cleanup"};
inline constinit LateFunction<decltype(::curl_url_get)> curl_url_get{libcurl, "curl_url_get"};
inline constinit LateFunction<decltype(::curl_url_set)> curl_url_set{libcurl, "curl_url_set"};

}  // namespace a2akit
