//! Which code runs an operation. The model tells the rest.

use super::input::Input;
use super::{
    admin, confirm_forgot_password, confirm_sign_up, forgot_password,
    get_tokens_from_refresh_token, get_user, global_sign_out, initiate_auth,
    resend_confirmation_code, respond_to_auth_challenge, revoke_token, sign_up,
};
use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::model::{OperationModel, model};

type Run = fn(&Core, &Input<'_>, i64) -> Result<serde_json::Value>;

/// An operation the pool offers.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) model: &'static OperationModel,
    pub(super) run: Run,
}

/// Finds the operation of a name.
///
/// # Errors
/// `OperationNotEnabledException` for one of Cognito's that is not offered here,
/// `UnknownOperationException` for anything else.
pub(super) fn operation(name: &str) -> Result<Operation> {
    let found = model()
        .operation(name)
        .and_then(|(name, model)| run(name).map(|run| Operation { name, model, run }));
    found.ok_or_else(|| {
        if model().operation(name).is_some() || model().is_other(name) {
            ApiError::new(
                "OperationNotEnabledException",
                format!("{name} is not offered by the local user pool."),
            )
        } else {
            ApiError::new("UnknownOperationException", "Unknown operation")
        }
    })
}

fn run(name: &str) -> Option<Run> {
    Some(match name {
        "AdminAddUserToGroup" => admin::groups::add_user,
        "AdminConfirmSignUp" => admin::users::confirm_sign_up,
        "AdminCreateUser" => admin::create_user::run,
        "AdminDeleteUser" => admin::users::delete_user,
        "AdminDeleteUserAttributes" => admin::attributes::delete,
        "AdminDisableUser" => admin::users::disable_user,
        "AdminEnableUser" => admin::users::enable_user,
        "AdminGetUser" => admin::users::get_user,
        "AdminInitiateAuth" => admin::auth::initiate,
        "AdminListGroupsForUser" => admin::groups::list_for_user,
        "AdminRemoveUserFromGroup" => admin::groups::remove_user,
        "AdminResetUserPassword" => admin::users::reset_user_password,
        "AdminRespondToAuthChallenge" => admin::auth::respond,
        "AdminSetUserPassword" => admin::users::set_user_password,
        "AdminUpdateUserAttributes" => admin::attributes::update,
        "AdminUserGlobalSignOut" => admin::users::user_global_sign_out,
        "ConfirmForgotPassword" => confirm_forgot_password::run,
        "ConfirmSignUp" => confirm_sign_up::run,
        "CreateGroup" => admin::groups::create,
        "DeleteGroup" => admin::groups::delete,
        "DescribeUserPool" => admin::describe_pool::run,
        "DescribeUserPoolClient" => admin::describe_client::run,
        "ForgotPassword" => forgot_password::run,
        "GetGroup" => admin::groups::get,
        "GetTokensFromRefreshToken" => get_tokens_from_refresh_token::run,
        "GetUser" => get_user::run,
        "GetUserPoolMfaConfig" => admin::describe_pool::mfa_config,
        "GlobalSignOut" => global_sign_out::run,
        "InitiateAuth" => initiate_auth::run,
        "ListGroups" => admin::groups::list,
        "ListUserPoolClients" => admin::describe_client::list,
        "ListUserPools" => admin::describe_pool::list_pools,
        "ListUsers" => admin::list_users::run,
        "ListUsersInGroup" => admin::groups::list_users,
        "ResendConfirmationCode" => resend_confirmation_code::run,
        "RespondToAuthChallenge" => respond_to_auth_challenge::run,
        "RevokeToken" => revoke_token::run,
        "SignUp" => sign_up::run,
        "UpdateGroup" => admin::groups::update,
        _ => return None,
    })
}
